// b for sm_90, by tdsl: row-major arrays that begin at multiples of 16 bytes

extern "C" __global__ void __launch_bounds__(32)
a_kernel(const float* __restrict__ x, float* __restrict__ a, const int n)
{
  const int a_jo = blockIdx.y;
  const int a_i = blockIdx.x;
  const int a_ji = threadIdx.x;
  if (a_jo * 32 + a_ji < n) {
    const int t = a_jo * 32 + a_ji;
    a[a_i * n + t] = x[a_i * n + t] * 3.0f;
  }
}

extern "C" __global__ void __launch_bounds__(16)
b_kernel(float* __restrict__ b, const float* __restrict__ a, const int m, const int n)
{
  const int b_jo = blockIdx.y;
  const int b_i = blockIdx.x;
  const int b_ji = threadIdx.x;
  if (b_jo * 16 + b_ji < m) {
    const int t = b_jo * 16 + b_ji;
    b[b_i * m + t] = a[t * n + b_i] - 1.0f;
  }
}
// relies on m * n <= 1073741824
// relies on n * m <= 1073741824
// relies on m <= 1073741824
// relies on n <= 1073741824
// a_kernel: grid ['m', '(n + 31) // 32', '1']
// b_kernel: grid ['n', '(m + 15) // 16', '1']
