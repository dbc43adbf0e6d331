// y for sm_90, by tdsl: arrays of any strides

extern "C" __global__ void __launch_bounds__(32)
y_kernel(const int* __restrict__ x, long long* __restrict__ y, const long long x_stride_0, const long long x_stride_1, const long long x_stride_2, const long long x_stride_3, const long long y_stride_0, const long long y_stride_1, const long long y_stride_2, const long long y_stride_3)
{
  const int ab = blockIdx.x;
  const int cd = threadIdx.x;
  const int a = ab / 10;
  const int b = ab % 10;
  const int c = cd / 4;
  const int d = cd % 4;
  y[a * y_stride_0 + b * y_stride_1 + c * y_stride_2 + d * y_stride_3] = (long long)(int)((unsigned int)x[a * x_stride_0 + b * x_stride_1 + c * x_stride_2 + d * x_stride_3] * (unsigned int)3) + a * b - d;
}
// y_kernel: grid ['60', '1', '1']
