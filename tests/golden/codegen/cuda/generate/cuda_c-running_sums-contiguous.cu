// y for sm_90, by tdsl: row-major arrays that begin at multiples of 16 bytes

extern "C" __global__ void __launch_bounds__(32)
y_kernel(const float* __restrict__ x, float* __restrict__ y, const int m, const int n)
{
  const int io = blockIdx.x;
  const int ii = threadIdx.x;
  if (io * 32 + ii < m) {
    for (int j = 0; j < n; ++j) {
      const int t = io * 32 + ii;
      y[t * n + j] = (j == 0 ? 0.0f : y[t * n + j - 1]) + x[t * n + j];
    }
  }
}
// relies on m * n <= 1073741824
// relies on m <= 1073741824
// relies on n <= 1073741824
// y_kernel: grid ['(m + 31) // 32', '1', '1']
