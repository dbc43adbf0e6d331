// y for sm_90, by tdsl: row-major arrays that begin at multiples of 16 bytes

extern "C" __global__ void __launch_bounds__(48)
y_kernel(const double* __restrict__ x, double* __restrict__ y, const int n)
{
  const int io = blockIdx.x;
  const int ii = threadIdx.x;
  if (io * 48 + ii < n) {
    for (int j = 0; j < 6; ++j) {
      const int t = io * 48 + ii;
      const double t_2 = x[t * 6 + j];
      y[t * 6 + j] = sqrt(fabs(t_2)) - floor(t_2);
    }
  }
}
// relies on n * 6 <= 1073741824
// relies on n <= 1073741824
// y_kernel: grid ['(n + 47) // 48', '1', '1']
