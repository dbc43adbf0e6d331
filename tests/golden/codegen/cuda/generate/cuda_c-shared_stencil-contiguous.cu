// b for sm_90, by tdsl: row-major arrays that begin at multiples of 16 bytes

extern "C" __global__ void __launch_bounds__(64)
b_kernel(const float* __restrict__ x, float* __restrict__ b, const int n)
{
  __shared__ __align__(16) float a[66];
  const int io = blockIdx.x;
  const int ii = threadIdx.x;
  if (ii < 33) {
    #pragma unroll
    for (int a_lane = 0; a_lane < 2; ++a_lane) {
      const int i = ii * 2 + a_lane;
      const int t = io * 64 + i;
      if (1 < i && t <= n + 1 || i < 64 && t < n) {
        a[i] = x[t] + x[t + 1] + x[t + 2];
      }
    }
  }
  __syncthreads();
  if (io * 64 + ii < n) {
    b[io * 64 + ii] = a[ii] * a[ii + 2];
  }
}
// relies on n + 4 <= 1073741824
// relies on n <= 1073741824
// b_kernel: grid ['(n + 63) // 64', '1', '1']
