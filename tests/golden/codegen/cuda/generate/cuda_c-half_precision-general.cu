// y for sm_90, by tdsl: arrays of any strides

#ifndef TDSL_EMULATION
static __device__ __forceinline__ float tdsl_half_to_float(unsigned short a)
{
  float result;
  asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(a));
  return result;
}

static __device__ __forceinline__ unsigned short tdsl_float_to_half(float a)
{
  unsigned short result;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result) : "f"(a));
  return result;
}
#endif

// the sum a + b as a float whose last bit says whether it is exact (Boldo, Melquiond 2008)
static __device__ __forceinline__ float tdsl_round_to_odd(double a, double b)
{
  const double sum = a + b;
  const double part = sum - a;
  const double rest = (a - (sum - part)) + (b - part);
  const float near = (float)sum;
  const double off = (sum - (double)near) + rest;
  const int bits = __float_as_int(near);
  if (off == 0.0 || off != off || near == 0.0f || (bits & 1) != 0) {
    return near;
  }
  return __int_as_float((off > 0.0) == (bits >= 0) ? bits + 1 : bits - 1);
}

extern "C" __global__ void __launch_bounds__(8)
y_kernel(const unsigned short* __restrict__ x, const unsigned short* __restrict__ w, unsigned short* __restrict__ y, const long long x_stride_0, const long long x_stride_1, const long long w_stride_0, const long long y_stride_0, const long long y_stride_1)
{
  const int i = blockIdx.x;
  const int j = threadIdx.x;
  #pragma unroll
  for (int jv = 0; jv < 8; ++jv) {
    const int t = j * 8 + jv;
    y[i * y_stride_0 + t * y_stride_1] = tdsl_float_to_half(tdsl_round_to_odd((double)tdsl_half_to_float(x[i * x_stride_0 + t * x_stride_1]) * (double)tdsl_half_to_float(w[t * w_stride_0]), (double)tdsl_half_to_float(w[(63 - j * 8 - jv) * w_stride_0])));
  }
}
// y_kernel: grid ['4', '1', '1']
