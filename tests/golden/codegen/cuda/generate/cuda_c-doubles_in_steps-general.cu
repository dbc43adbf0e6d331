// y for sm_90, by tdsl: arrays of any strides

extern "C" __global__ void __launch_bounds__(48)
y_kernel(const double* __restrict__ x, double* __restrict__ y, const long long x_stride_0, const long long x_stride_1, const long long y_stride_0, const long long y_stride_1, const long long n)
{
  const int io = blockIdx.x;
  const int ii = threadIdx.x;
  if ((long long)io * 48 + ii < n) {
    for (int j = 0; j < 6; ++j) {
      const long long t = (long long)io * 48 + ii;
      const double t_2 = x[t * x_stride_0 + j * x_stride_1];
      y[t * y_stride_0 + j * y_stride_1] = sqrt(fabs(t_2)) - floor(t_2);
    }
  }
}
// y_kernel: grid ['(n + 47) // 48', '1', '1']
