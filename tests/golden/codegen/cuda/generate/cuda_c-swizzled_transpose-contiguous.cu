// y for sm_90, by tdsl: row-major arrays that begin at multiples of 16 bytes

extern "C" __global__ void __launch_bounds__(256)
y_kernel(const float* __restrict__ x, float* __restrict__ y, const int n, const int m)
{
  __shared__ __align__(16) float xs[1024];
  const int bi = blockIdx.y;
  const int bj = blockIdx.x;
  const int tt = threadIdx.y;
  const int tj = threadIdx.x;
  #pragma unroll
  for (int xs_step = 0; xs_step < 4; ++xs_step) {
    const int xs_part = xs_step * 256 + tt * 32 + tj;
    const int j = xs_part / 32;
    const int i = xs_part % 32;
    if (bj * 32 + j < m && bi * 32 + i < n) {
      xs[j * 32 + (i ^ j)] = x[(bj * 32 + j) * n + bi * 32 + i];
    }
  }
  __syncthreads();
  if (bj * 32 + tj < m) {
    for (int to = 0; to < min((n - tt + 7) / 8 - bi * 4, 4); ++to) {
      y[(bi * 32 + to * 8 + tt) * m + bj * 32 + tj] = xs[tj * 32 + ((to * 8 + tt) ^ tj)];
    }
  }
}
// relies on m * n <= 1073741824
// relies on n * m <= 1073741824
// relies on n <= 1073741824
// relies on m <= 1073741824
// y_kernel: grid ['(m + 31) // 32', '(n + 31) // 32', '1']
