// b for sm_90, by tdsl: arrays of any strides

extern "C" __global__ void __launch_bounds__(24)
b_kernel(const float* __restrict__ x, float* __restrict__ b, const long long x_stride_0, const long long x_stride_1, const long long b_stride_0, const long long b_stride_1)
{
  __shared__ __align__(16) float a[24];
  const int b_i = blockIdx.x;
  const int a_j = threadIdx.x;
  a[a_j] = a_j < 20 ? x[b_i * x_stride_0 + a_j * x_stride_1] : 0.0f;
  __syncthreads();
  if (a_j < 20) {
    b[b_i * b_stride_0 + a_j * b_stride_1] = a[a_j] + a[a_j + 4];
  }
}
// b_kernel: grid ['4', '1', '1']
