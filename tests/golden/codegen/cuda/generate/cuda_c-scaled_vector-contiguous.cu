// y for sm_90, by tdsl: row-major arrays that begin at multiples of 16 bytes

extern "C" __global__ void __launch_bounds__(128)
y_kernel(const float* __restrict__ x, float* __restrict__ y, const int n, const float a)
{
  const int io = blockIdx.x;
  const int ii = threadIdx.x;
  if (io * 128 + ii < n) {
    const int t = io * 128 + ii;
    y[t] = fmaf(a, x[t], 1.0f);
  }
}
// relies on n <= 1073741824
// y_kernel: grid ['(n + 127) // 128', '1', '1']
