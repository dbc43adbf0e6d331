// b for sm_90, by tdsl: arrays of any strides

extern "C" __global__ void __launch_bounds__(96)
b_kernel(const float* __restrict__ x, float* __restrict__ b, const long long x_stride_0, const long long x_stride_1, const long long b_stride_0, const long long b_stride_1)
{
  __shared__ __align__(16) float a[96];
  const int b_i = blockIdx.x;
  const int a_j = threadIdx.x;
  a[a_j] = x[b_i * x_stride_0 + a_j * x_stride_1] * 2.0f;
  __syncthreads();
  b[b_i * b_stride_0 + a_j * b_stride_1] = a[95 - a_j] + 1.0f;
}
// b_kernel: grid ['8', '1', '1']
