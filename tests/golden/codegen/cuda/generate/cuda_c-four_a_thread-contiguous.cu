// y for sm_90, by tdsl: row-major arrays that begin at multiples of 16 bytes

// NaN wins; +0 is above -0
static __device__ __forceinline__ float tdsl_max(float a, float b)
{
  return a == b ? __int_as_float(__float_as_int(a) & __float_as_int(b)) : a > b || a != a ? a : b;
}

extern "C" __global__ void __launch_bounds__(8)
y_kernel(const float* __restrict__ x, float* __restrict__ y, const int n)
{
  const int i = blockIdx.y;
  const int jo = blockIdx.x;
  const int ji = threadIdx.x;
  if (jo * 32 + ji * 4 < n) {
    const float4 x_vector = *(const float4*)&x[i * n + jo * 32 + ji * 4];
    *(float4*)&y[i * n + jo * 32 + ji * 4] = make_float4(tdsl_max(x_vector.x, 0.0f) * 0.5f, tdsl_max(x_vector.y, 0.0f) * 0.5f, tdsl_max(x_vector.z, 0.0f) * 0.5f, tdsl_max(x_vector.w, 0.0f) * 0.5f);
  }
}
// relies on n % 4 == 0
// relies on m * n <= 1073741824
// relies on m <= 1073741824
// relies on n <= 1073741824
// y_kernel: grid ['(n + 31) // 32', 'm', '1']
