// b for sm_90, by tdsl: arrays of any strides

extern "C" __global__ void __launch_bounds__(32)
a_kernel(const float* __restrict__ x, float* __restrict__ a, const long long x_stride_0, const long long x_stride_1, const long long n)
{
  const int a_jo = blockIdx.y;
  const int a_i = blockIdx.x;
  const int a_ji = threadIdx.x;
  if (a_jo * 32 + a_ji < n) {
    const int t = a_jo * 32 + a_ji;
    a[(long long)a_i * n + (long long)t] = x[a_i * x_stride_0 + t * x_stride_1] * 3.0f;
  }
}

extern "C" __global__ void __launch_bounds__(16)
b_kernel(float* __restrict__ b, const float* __restrict__ a, const long long b_stride_0, const long long b_stride_1, const long long m, const long long n)
{
  const int b_jo = blockIdx.y;
  const int b_i = blockIdx.x;
  const int b_ji = threadIdx.x;
  if (b_jo * 16 + b_ji < m) {
    const int t = b_jo * 16 + b_ji;
    b[b_i * b_stride_0 + t * b_stride_1] = a[(long long)t * n + (long long)b_i] - 1.0f;
  }
}
// a_kernel: grid ['m', '(n + 31) // 32', '1']
// b_kernel: grid ['n', '(m + 15) // 16', '1']
