// y for sm_90, by tdsl: arrays of any strides

extern "C" __global__ void __launch_bounds__(32)
y_kernel(const float* __restrict__ x, float* __restrict__ y, const long long x_stride_0, const long long x_stride_1, const long long y_stride_0, const long long y_stride_1, const long long m, const long long n)
{
  const int io = blockIdx.x;
  const int ii = threadIdx.x;
  if ((long long)io * 32 + ii < m) {
    for (long long j = 0; j < n; ++j) {
      const long long t = (long long)io * 32 + ii;
      y[t * y_stride_0 + j * y_stride_1] = (j == 0 ? 0.0f : y[t * y_stride_0 + (j - 1) * y_stride_1]) + x[t * x_stride_0 + j * x_stride_1];
    }
  }
}
// y_kernel: grid ['(m + 31) // 32', '1', '1']
