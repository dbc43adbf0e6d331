// y for sm_90, by tdsl: arrays of any strides

extern "C" __global__ void __launch_bounds__(256)
y_kernel(const float* __restrict__ x, float* __restrict__ y, const long long x_stride_0, const long long x_stride_1, const long long y_stride_0)
{
  __shared__ __align__(16) float part[1024];
  const int jo = blockIdx.x;
  const int part_kt = threadIdx.y;
  const int j = threadIdx.x;
  float part_acc[4];
  #pragma unroll
  for (int jv = 0; jv < 4; ++jv) {
    part_acc[jv] = 0.0f;
  }
  for (int ko = 0; ko < 5; ++ko) {
    #pragma unroll
    for (int jv = 0; jv < 4; ++jv) {
      part_acc[jv] = part_acc[jv] + x[(part_kt + ko * 8) * x_stride_0 + (jo * 128 + j * 4 + jv) * x_stride_1];
    }
  }
  #pragma unroll
  for (int jv = 0; jv < 4; ++jv) {
    part[part_kt * 128 + j * 4 + jv] = part_acc[jv];
  }
  float y_acc[4];
  if (part_kt == 0) {
    #pragma unroll
    for (int jiv = 0; jiv < 4; ++jiv) {
      y_acc[jiv] = 0.0f;
    }
  }
  __syncthreads();
  if (part_kt == 0) {
    for (int y_kt = 0; y_kt < 8; ++y_kt) {
      #pragma unroll
      for (int jiv = 0; jiv < 4; ++jiv) {
        y_acc[jiv] = y_acc[jiv] + part[y_kt * 128 + j * 4 + jiv];
      }
    }
    #pragma unroll
    for (int jiv = 0; jiv < 4; ++jiv) {
      y[(jo * 128 + j * 4 + jiv) * y_stride_0] = y_acc[jiv];
    }
  }
}
// y_kernel: grid ['2', '1', '1']
