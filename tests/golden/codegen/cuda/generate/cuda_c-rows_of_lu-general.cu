// lu for sm_90, by tdsl: arrays of any strides

// floors; by 0 it is 0
static __device__ __forceinline__ long long tdsl_div_i64(long long a, long long b)
{
  if (b == 0) {
    return 0;
  }
  if (b == -1) {
    return (long long)(0 - (unsigned long long)a);
  }
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

extern "C" __global__ void __launch_bounds__(1)
lu_kernel(const double* __restrict__ A, double* __restrict__ lu, const long long A_stride_0, const long long A_stride_1, const long long lu_stride_0, const long long lu_stride_1, const long long n)
{
  const int start_d0 = blockIdx.x;
  for (long long start_d1 = 0; start_d1 < n; ++start_d1) {
    lu[start_d0 * lu_stride_0 + start_d1 * lu_stride_1] = A[start_d0 * A_stride_0 + start_d1 * A_stride_1];
  }
}

extern "C" __global__ void __launch_bounds__(4)
lu_kernel_2(double* __restrict__ lu, const long long lu_stride_0, const long long lu_stride_1, const long long n)
{
  const int ii = threadIdx.x;
  for (long long k = 0; k < n - 1; ++k) {
    for (long long io = -tdsl_div_i64(2 - k, (long long)4); io < (n + 3) / 4; ++io) {
      __syncthreads();
      if (k < io * 4 + ii && io * 4 + ii < n) {
        for (long long j = k; j < n; ++j) {
          const long long t = io * 4 + ii;
          lu[t * lu_stride_0 + j * lu_stride_1] = j == k ? lu[t * lu_stride_0 + k * lu_stride_1] / lu[k * lu_stride_0 + k * lu_stride_1] : fma(-lu[t * lu_stride_0 + k * lu_stride_1], lu[k * lu_stride_0 + j * lu_stride_1], lu[t * lu_stride_0 + j * lu_stride_1]);
        }
      }
    }
  }
}
// lu_kernel: grid ['n', '1', '1']
// lu_kernel_2: grid ['1', '1', '1']
