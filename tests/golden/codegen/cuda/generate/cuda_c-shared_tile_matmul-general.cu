// C for sm_90, by tdsl: arrays of any strides

extern "C" __global__ void __launch_bounds__(256)
C_kernel(const float* __restrict__ A, const float* __restrict__ B, float* __restrict__ C, const long long A_stride_0, const long long A_stride_1, const long long B_stride_0, const long long B_stride_1, const long long C_stride_0, const long long C_stride_1)
{
  __shared__ __align__(16) float As[1024];
  __shared__ __align__(16) float Bs[1024];
  const int bi = blockIdx.y;
  const int ti = threadIdx.y;
  const int tj = threadIdx.x;
  float acc[16];
  #pragma unroll
  for (int acc_i = 0; acc_i < 4; ++acc_i) {
    #pragma unroll
    for (int acc_j = 0; acc_j < 4; ++acc_j) {
      acc[acc_i * 4 + acc_j] = 0.0f;
    }
  }
  for (int ko = 0; ko < 3; ++ko) {
    __syncthreads();
    const int As_part = ti * 16 + tj;
    const int As_i = As_part / 4;
    #pragma unroll
    for (int As_lane = 0; As_lane < 4; ++As_lane) {
      const int As_k = As_part % 4 * 4 + As_lane;
      As[As_i * 16 + As_k] = A[(bi * 64 + As_i) * A_stride_0 + (ko * 16 + As_k) * A_stride_1];
    }
    const int Bs_part = ti * 16 + tj;
    const int Bs_k = Bs_part / 16;
    #pragma unroll
    for (int Bs_lane = 0; Bs_lane < 4; ++Bs_lane) {
      const int Bs_j = Bs_part % 16 * 4 + Bs_lane;
      Bs[Bs_k * 64 + Bs_j] = B[(ko * 16 + Bs_k) * B_stride_0 + Bs_j * B_stride_1];
    }
    __syncthreads();
    for (int ki = 0; ki < 16; ++ki) {
      #pragma unroll
      for (int acc_i = 0; acc_i < 4; ++acc_i) {
        #pragma unroll
        for (int acc_j = 0; acc_j < 4; ++acc_j) {
          acc[acc_i * 4 + acc_j] = fmaf(As[(ti * 4 + acc_i) * 16 + ki], Bs[ki * 64 + tj * 4 + acc_j], acc[acc_i * 4 + acc_j]);
        }
      }
    }
  }
  #pragma unroll
  for (int ii = 0; ii < 4; ++ii) {
    #pragma unroll
    for (int jiv = 0; jiv < 4; ++jiv) {
      C[(bi * 64 + ti * 4 + ii) * C_stride_0 + (tj * 4 + jiv) * C_stride_1] = acc[ii * 4 + jiv];
    }
  }
}
// C_kernel: grid ['1', '2', '1']
