// y for sm_90, by tdsl: row-major arrays that begin at multiples of 16 bytes

extern "C" __global__ void __launch_bounds__(256)
y_kernel(const float* __restrict__ x, float* __restrict__ y)
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
    const float4 x_vector = *(const float4*)&x[(part_kt + ko * 8) * 256 + jo * 128 + j * 4];
    part_acc[0] = part_acc[0] + x_vector.x;
    part_acc[1] = part_acc[1] + x_vector.y;
    part_acc[2] = part_acc[2] + x_vector.z;
    part_acc[3] = part_acc[3] + x_vector.w;
  }
  *(float4*)&part[part_kt * 128 + j * 4] = make_float4(part_acc[0], part_acc[1], part_acc[2], part_acc[3]);
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
      const float4 part_vector = *(const float4*)&part[y_kt * 128 + j * 4];
      y_acc[0] = y_acc[0] + part_vector.x;
      y_acc[1] = y_acc[1] + part_vector.y;
      y_acc[2] = y_acc[2] + part_vector.z;
      y_acc[3] = y_acc[3] + part_vector.w;
    }
    *(float4*)&y[jo * 128 + j * 4] = make_float4(y_acc[0], y_acc[1], y_acc[2], y_acc[3]);
  }
}
// y_kernel: grid ['2', '1', '1']
