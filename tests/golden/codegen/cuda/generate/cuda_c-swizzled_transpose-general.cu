// y for sm_90, by tdsl: arrays of any strides

extern "C" __global__ void __launch_bounds__(256)
y_kernel(const float* __restrict__ x, float* __restrict__ y, const long long x_stride_0, const long long x_stride_1, const long long y_stride_0, const long long y_stride_1, const long long n, const long long m)
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
    if ((long long)bj * 32 + j < m && bi * 32 + i < n) {
      xs[j * 32 + (i ^ j)] = x[((long long)bj * 32 + j) * x_stride_0 + (bi * 32 + i) * x_stride_1];
    }
  }
  __syncthreads();
  if ((long long)bj * 32 + tj < m) {
    for (int to = 0; to < min((n - tt + 7) / 8 - bi * 4, (long long)4); ++to) {
      y[(bi * 32 + to * 8 + tt) * y_stride_0 + ((long long)bj * 32 + tj) * y_stride_1] = xs[tj * 32 + ((to * 8 + tt) ^ tj)];
    }
  }
}
// y_kernel: grid ['(m + 31) // 32', '(n + 31) // 32', '1']
