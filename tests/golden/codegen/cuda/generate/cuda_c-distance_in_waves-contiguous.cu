// D for sm_90, by tdsl: row-major arrays that begin at multiples of 16 bytes

// has the sign of the divisor; by 0 it is 0
static __device__ __forceinline__ int tdsl_mod_i32(int a, int b)
{
  if (b == 0 || b == -1) {
    return 0;
  }
  const int rest = a % b;
  return rest != 0 && (a < 0) != (b < 0) ? (int)(rest + b) : rest;
}

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

extern "C" __global__ void __launch_bounds__(8)
D_kernel(const signed char* __restrict__ p, const signed char* __restrict__ q, int* __restrict__ D, const int m, const int n)
{
  const int ii = threadIdx.x;
  for (long long w = 0; w < (long long)m + n + 1; ++w) {
    for (int io = max(-tdsl_div_i64(n - w + 7, (long long)8), (long long)0); io < min(w / 8 + 1, (long long)(m / 8 + 1)); ++io) {
      __syncthreads();
      if (w <= (long long)n + io * 8 + ii && io * 8 + ii <= w && io * 8 + ii <= m) {
        const int t = io * 8 + ii;
        const long long t_2 = w - io * 8 - ii;
        const int t_3 = t - 1;
        const long long t_4 = t_2 - 1;
        D[t * (n + 1) + (int)t_2] = (int)(t == 0 ? t_2 : t_2 == 0 ? (long long)t : (long long)min((int)((unsigned int)min(D[t_3 * (n + 1) + (int)t_2], D[t * (n + 1) + t_4]) + (unsigned int)1), (int)((unsigned int)D[t_3 * (n + 1) + t_4] + (unsigned int)(int)(signed char)tdsl_mod_i32((signed char)((unsigned int)p[t_3] - (unsigned int)q[t_4]), (signed char)2))));
      }
    }
  }
}
// relies on m <= 1073741824
// relies on n <= 1073741824
// relies on (m + 1) * (n + 1) <= 1073741824
// D_kernel: grid ['1', '1', '1']
