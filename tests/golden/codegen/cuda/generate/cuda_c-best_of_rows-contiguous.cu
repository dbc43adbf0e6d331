// y for sm_90, by tdsl: row-major arrays that begin at multiples of 16 bytes

#ifndef TDSL_EMULATION
static __device__ __forceinline__ float tdsl_half_to_float(unsigned short a)
{
  float result;
  asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(a));
  return result;
}
#endif

extern "C" __global__ void __launch_bounds__(60)
y_kernel(const unsigned short* __restrict__ x, long long* __restrict__ y, const int m, const int n)
{
  __shared__ __align__(16) unsigned short y_acc0_warps[60];
  __shared__ __align__(16) long long y_acc1_warps[60];
  const int io = blockIdx.x;
  const int ii = threadIdx.y;
  const int y_ki = threadIdx.x;
  unsigned short y_acc0;
  long long y_acc1;
  y_acc0 = (unsigned short)0xfc00;
  y_acc1 = 9223372036854775807ll;
  if (io * 3 + ii < m) {
    unsigned short y_part_0;
    long long y_part_1;
    y_part_0 = (unsigned short)0xfc00;
    y_part_1 = 9223372036854775807ll;
    for (int ko = 0; ko < (n - y_ki + 19) / 20; ++ko) {
      const unsigned short y_part_next0 = tdsl_half_to_float(x[(io * 3 + ii) * n + y_ki + ko * 20]) != tdsl_half_to_float(x[(io * 3 + ii) * n + y_ki + ko * 20]) && y_ki + ko * 20 < y_part_1 || tdsl_half_to_float(y_part_0) == tdsl_half_to_float(y_part_0) && (tdsl_half_to_float(x[(io * 3 + ii) * n + y_ki + ko * 20]) != tdsl_half_to_float(x[(io * 3 + ii) * n + y_ki + ko * 20]) || tdsl_half_to_float(x[(io * 3 + ii) * n + y_ki + ko * 20]) > tdsl_half_to_float(y_part_0) || tdsl_half_to_float(y_part_0) == tdsl_half_to_float(x[(io * 3 + ii) * n + y_ki + ko * 20]) && y_ki + ko * 20 < y_part_1) ? x[(io * 3 + ii) * n + y_ki + ko * 20] : y_part_0;
      const long long y_part_next1 = tdsl_half_to_float(x[(io * 3 + ii) * n + y_ki + ko * 20]) != tdsl_half_to_float(x[(io * 3 + ii) * n + y_ki + ko * 20]) && y_ki + ko * 20 < y_part_1 || tdsl_half_to_float(y_part_0) == tdsl_half_to_float(y_part_0) && (tdsl_half_to_float(x[(io * 3 + ii) * n + y_ki + ko * 20]) != tdsl_half_to_float(x[(io * 3 + ii) * n + y_ki + ko * 20]) || tdsl_half_to_float(x[(io * 3 + ii) * n + y_ki + ko * 20]) > tdsl_half_to_float(y_part_0) || tdsl_half_to_float(y_part_0) == tdsl_half_to_float(x[(io * 3 + ii) * n + y_ki + ko * 20]) && y_ki + ko * 20 < y_part_1) ? (long long)(y_ki + ko * 20) : y_part_1;
      y_part_0 = y_part_next0;
      y_part_1 = y_part_next1;
    }
    const unsigned short y_next0 = tdsl_half_to_float(y_part_0) != tdsl_half_to_float(y_part_0) && y_part_1 < y_acc1 || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0) && (tdsl_half_to_float(y_part_0) != tdsl_half_to_float(y_part_0) || tdsl_half_to_float(y_part_0) > tdsl_half_to_float(y_acc0) || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_part_0) && y_part_1 < y_acc1) ? y_part_0 : y_acc0;
    const long long y_next1 = tdsl_half_to_float(y_part_0) != tdsl_half_to_float(y_part_0) && y_part_1 < y_acc1 || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0) && (tdsl_half_to_float(y_part_0) != tdsl_half_to_float(y_part_0) || tdsl_half_to_float(y_part_0) > tdsl_half_to_float(y_acc0) || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_part_0) && y_part_1 < y_acc1) ? y_part_1 : y_acc1;
    y_acc0 = y_next0;
    y_acc1 = y_next1;
  }
  y_acc0_warps[ii * 20 + y_ki] = y_acc0;
  y_acc1_warps[ii * 20 + y_ki] = y_acc1;
  __syncthreads();
  if (y_ki < 4) {
    const unsigned short y_next0 = tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 16]) != tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 16]) && y_acc1_warps[ii * 20 + y_ki + 16] < y_acc1 || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0) && (tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 16]) != tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 16]) || tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 16]) > tdsl_half_to_float(y_acc0) || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 16]) && y_acc1_warps[ii * 20 + y_ki + 16] < y_acc1) ? y_acc0_warps[ii * 20 + y_ki + 16] : y_acc0;
    const long long y_next1 = tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 16]) != tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 16]) && y_acc1_warps[ii * 20 + y_ki + 16] < y_acc1 || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0) && (tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 16]) != tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 16]) || tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 16]) > tdsl_half_to_float(y_acc0) || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 16]) && y_acc1_warps[ii * 20 + y_ki + 16] < y_acc1) ? y_acc1_warps[ii * 20 + y_ki + 16] : y_acc1;
    y_acc0 = y_next0;
    y_acc1 = y_next1;
    y_acc0_warps[ii * 20 + y_ki] = y_acc0;
    y_acc1_warps[ii * 20 + y_ki] = y_acc1;
  }
  if (y_ki < 8) {
    const unsigned short y_next0 = tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 8]) != tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 8]) && y_acc1_warps[ii * 20 + y_ki + 8] < y_acc1 || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0) && (tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 8]) != tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 8]) || tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 8]) > tdsl_half_to_float(y_acc0) || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 8]) && y_acc1_warps[ii * 20 + y_ki + 8] < y_acc1) ? y_acc0_warps[ii * 20 + y_ki + 8] : y_acc0;
    const long long y_next1 = tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 8]) != tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 8]) && y_acc1_warps[ii * 20 + y_ki + 8] < y_acc1 || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0) && (tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 8]) != tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 8]) || tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 8]) > tdsl_half_to_float(y_acc0) || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 8]) && y_acc1_warps[ii * 20 + y_ki + 8] < y_acc1) ? y_acc1_warps[ii * 20 + y_ki + 8] : y_acc1;
    y_acc0 = y_next0;
    y_acc1 = y_next1;
    y_acc0_warps[ii * 20 + y_ki] = y_acc0;
    y_acc1_warps[ii * 20 + y_ki] = y_acc1;
  }
  __syncthreads();
  if (y_ki < 4) {
    const unsigned short y_next0 = tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 4]) != tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 4]) && y_acc1_warps[ii * 20 + y_ki + 4] < y_acc1 || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0) && (tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 4]) != tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 4]) || tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 4]) > tdsl_half_to_float(y_acc0) || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 4]) && y_acc1_warps[ii * 20 + y_ki + 4] < y_acc1) ? y_acc0_warps[ii * 20 + y_ki + 4] : y_acc0;
    const long long y_next1 = tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 4]) != tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 4]) && y_acc1_warps[ii * 20 + y_ki + 4] < y_acc1 || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0) && (tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 4]) != tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 4]) || tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 4]) > tdsl_half_to_float(y_acc0) || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 4]) && y_acc1_warps[ii * 20 + y_ki + 4] < y_acc1) ? y_acc1_warps[ii * 20 + y_ki + 4] : y_acc1;
    y_acc0 = y_next0;
    y_acc1 = y_next1;
    y_acc0_warps[ii * 20 + y_ki] = y_acc0;
    y_acc1_warps[ii * 20 + y_ki] = y_acc1;
  }
  __syncthreads();
  if (y_ki < 2) {
    const unsigned short y_next0 = tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 2]) != tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 2]) && y_acc1_warps[ii * 20 + y_ki + 2] < y_acc1 || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0) && (tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 2]) != tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 2]) || tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 2]) > tdsl_half_to_float(y_acc0) || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 2]) && y_acc1_warps[ii * 20 + y_ki + 2] < y_acc1) ? y_acc0_warps[ii * 20 + y_ki + 2] : y_acc0;
    const long long y_next1 = tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 2]) != tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 2]) && y_acc1_warps[ii * 20 + y_ki + 2] < y_acc1 || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0) && (tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 2]) != tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 2]) || tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 2]) > tdsl_half_to_float(y_acc0) || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 2]) && y_acc1_warps[ii * 20 + y_ki + 2] < y_acc1) ? y_acc1_warps[ii * 20 + y_ki + 2] : y_acc1;
    y_acc0 = y_next0;
    y_acc1 = y_next1;
    y_acc0_warps[ii * 20 + y_ki] = y_acc0;
    y_acc1_warps[ii * 20 + y_ki] = y_acc1;
  }
  __syncthreads();
  if (y_ki < 1) {
    const unsigned short y_next0 = tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 1]) != tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 1]) && y_acc1_warps[ii * 20 + y_ki + 1] < y_acc1 || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0) && (tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 1]) != tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 1]) || tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 1]) > tdsl_half_to_float(y_acc0) || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 1]) && y_acc1_warps[ii * 20 + y_ki + 1] < y_acc1) ? y_acc0_warps[ii * 20 + y_ki + 1] : y_acc0;
    const long long y_next1 = tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 1]) != tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 1]) && y_acc1_warps[ii * 20 + y_ki + 1] < y_acc1 || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0) && (tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 1]) != tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 1]) || tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 1]) > tdsl_half_to_float(y_acc0) || tdsl_half_to_float(y_acc0) == tdsl_half_to_float(y_acc0_warps[ii * 20 + y_ki + 1]) && y_acc1_warps[ii * 20 + y_ki + 1] < y_acc1) ? y_acc1_warps[ii * 20 + y_ki + 1] : y_acc1;
    y_acc0 = y_next0;
    y_acc1 = y_next1;
  }
  if (io * 3 + ii < m && y_ki == 0) {
    y[io * 3 + ii] = y_acc1;
  }
}
// relies on m * n <= 1073741824
// relies on m <= 1073741824
// relies on n <= 1073741824
// y_kernel: grid ['(m + 2) // 3', '1', '1']
