// b for sm_90, by tdsl: arrays of any strides

extern "C" __global__ void __launch_bounds__(64)
b_kernel(const float* __restrict__ x, float* __restrict__ b, const long long x_stride_0, const long long b_stride_0, const long long n)
{
  __shared__ __align__(16) float a[66];
  const int io = blockIdx.x;
  const int ii = threadIdx.x;
  if (ii < 33) {
    #pragma unroll
    for (int a_lane = 0; a_lane < 2; ++a_lane) {
      const int i = ii * 2 + a_lane;
      const long long t = (long long)io * 64 + i;
      if (1 < i && t <= n + 1 || i < 64 && t < n) {
        a[i] = x[t * x_stride_0] + x[(t + 1) * x_stride_0] + x[(t + 2) * x_stride_0];
      }
    }
  }
  __syncthreads();
  if ((long long)io * 64 + ii < n) {
    b[((long long)io * 64 + ii) * b_stride_0] = a[ii] * a[ii + 2];
  }
}
// b_kernel: grid ['(n + 63) // 64', '1', '1']
