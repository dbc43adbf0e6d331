// y for sm_90, by tdsl: arrays of any strides

// NaN wins; +0 is above -0
static __device__ __forceinline__ float tdsl_max(float a, float b)
{
  return a == b ? __int_as_float(__float_as_int(a) & __float_as_int(b)) : a > b || a != a ? a : b;
}

extern "C" __global__ void __launch_bounds__(8)
y_kernel(const float* __restrict__ x, float* __restrict__ y, const long long x_stride_0, const long long x_stride_1, const long long y_stride_0, const long long y_stride_1, const long long n)
{
  const int i = blockIdx.y;
  const int jo = blockIdx.x;
  const int ji = threadIdx.x;
  #pragma unroll
  for (int jiv = 0; jiv < 4; ++jiv) {
    if ((long long)jo * 32 + ji * 4 + jiv < n) {
      const long long t = (long long)jo * 32 + ji * 4 + jiv;
      y[i * y_stride_0 + t * y_stride_1] = tdsl_max(x[i * x_stride_0 + t * x_stride_1], 0.0f) * 0.5f;
    }
  }
}
// y_kernel: grid ['(n + 31) // 32', 'm', '1']
