// y for sm_90, by tdsl: arrays of any strides

extern "C" __global__ void __launch_bounds__(24)
y_kernel(const float* __restrict__ x, float* __restrict__ y, const long long x_stride_0, const long long x_stride_1, const long long y_stride_0, const long long y_stride_1)
{
  __shared__ __align__(16) float t[48];
  const int y_b = blockIdx.x;
  const int t_i = threadIdx.x;
  for (int k = 0; k < 5; ++k) {
    __syncthreads();
    const int t_2 = (k + 1) % 2;
    t[k % 2 * 24 + t_i] = k == 0 ? x[y_b * x_stride_0 + t_i * x_stride_1] : t[t_2 * 24 + t_i] + (t_i >= 8 ? t[t_2 * 24 + t_i - 8] : 0.0f);
  }
  __syncthreads();
  y[y_b * y_stride_0 + t_i * y_stride_1] = t[23 - t_i];
}
// y_kernel: grid ['m', '1', '1']
