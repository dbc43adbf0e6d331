// lu for sm_90, by tdsl: row-major arrays that begin at multiples of 16 bytes

extern "C" __global__ void __launch_bounds__(1)
lu_kernel(const double* __restrict__ A, double* __restrict__ lu, const int n)
{
  const int start_d0 = blockIdx.x;
  for (int start_d1 = 0; start_d1 < n; ++start_d1) {
    lu[start_d0 * n + start_d1] = A[start_d0 * n + start_d1];
  }
}

extern "C" __global__ void __launch_bounds__(4)
lu_kernel_2(double* __restrict__ lu, const int n)
{
  const int ii = threadIdx.x;
  for (int k = 0; k < n - 1; ++k) {
    for (int io = -((2 - k + 1073741820) / 4 - 268435455); io < (n + 3) / 4; ++io) {
      __syncthreads();
      if (k < io * 4 + ii && io * 4 + ii < n) {
        for (int j = k; j < n; ++j) {
          const int t = io * 4 + ii;
          lu[t * n + j] = j == k ? lu[t * n + k] / lu[k * n + k] : fma(-lu[t * n + k], lu[k * n + j], lu[t * n + j]);
        }
      }
    }
  }
}
// relies on n * n <= 1073741824
// relies on n <= 1073741824
// lu_kernel: grid ['n', '1', '1']
// lu_kernel_2: grid ['1', '1', '1']
