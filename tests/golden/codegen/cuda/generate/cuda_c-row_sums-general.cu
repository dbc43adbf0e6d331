// y for sm_90, by tdsl: arrays of any strides

extern "C" __global__ void __launch_bounds__(32)
y_kernel(const float* __restrict__ x, float* __restrict__ y, const long long x_stride_0, const long long x_stride_1, const long long y_stride_0, const long long m, const long long n)
{
  const int io = blockIdx.x;
  const int ii = threadIdx.x;
  if ((long long)io * 32 + ii < m) {
    float y_acc;
    y_acc = 0.0f;
    for (long long k = 0; k < n; ++k) {
      y_acc = y_acc + x[((long long)io * 32 + ii) * x_stride_0 + k * x_stride_1];
    }
    y[((long long)io * 32 + ii) * y_stride_0] = y_acc;
  }
}
// y_kernel: grid ['(m + 31) // 32', '1', '1']
