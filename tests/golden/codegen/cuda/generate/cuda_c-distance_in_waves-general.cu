// D for sm_90, by tdsl: arrays of any strides

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
D_kernel(const signed char* __restrict__ p, const signed char* __restrict__ q, int* __restrict__ D, const long long p_stride_0, const long long q_stride_0, const long long D_stride_0, const long long D_stride_1, const long long m, const long long n)
{
  const int ii = threadIdx.x;
  for (long long w = 0; w < m + n + 1; ++w) {
    for (long long io = max(-tdsl_div_i64(n - w + 7, (long long)8), (long long)0); io < min(w / 8 + 1, m / 8 + 1); ++io) {
      __syncthreads();
      if (w <= n + io * 8 + ii && io * 8 + ii <= w && io * 8 + ii <= m) {
        const long long t = io * 8 + ii;
        const long long t_2 = w - io * 8 - ii;
        const long long t_3 = t - 1;
        const long long t_4 = t_2 - 1;
        D[t * D_stride_0 + t_2 * D_stride_1] = (int)(t == 0 ? t_2 : t_2 == 0 ? t : (long long)min((int)((unsigned int)min(D[t_3 * D_stride_0 + t_2 * D_stride_1], D[t * D_stride_0 + t_4 * D_stride_1]) + (unsigned int)1), (int)((unsigned int)D[t_3 * D_stride_0 + t_4 * D_stride_1] + (unsigned int)(int)(signed char)tdsl_mod_i32((signed char)((unsigned int)p[t_3 * p_stride_0] - (unsigned int)q[t_4 * q_stride_0]), (signed char)2))));
      }
    }
  }
}
// D_kernel: grid ['1', '1', '1']
