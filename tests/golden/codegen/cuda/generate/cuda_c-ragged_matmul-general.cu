// C for sm_90, by tdsl: arrays of any strides

extern "C" __global__ void __launch_bounds__(256)
C_kernel(const float* __restrict__ A, const float* __restrict__ B, float* __restrict__ C, const long long A_stride_0, const long long A_stride_1, const long long B_stride_0, const long long B_stride_1, const long long C_stride_0, const long long C_stride_1, const long long m, const long long n, const long long p)
{
  __shared__ __align__(16) float As[1024];
  __shared__ __align__(16) float Bs[1024];
  const int bi = blockIdx.y;
  const int bj = blockIdx.x;
  const int ti = threadIdx.y;
  const int tj = threadIdx.x;
  float acc[16];
  #pragma unroll
  for (int acc_i = 0; acc_i < 4; ++acc_i) {
    if (bi * 64 + ti * 4 + acc_i < m) {
      #pragma unroll
      for (int acc_j = 0; acc_j < 4; ++acc_j) {
        if ((long long)bj * 64 + tj * 4 + acc_j < n) {
          acc[acc_i * 4 + acc_j] = 0.0f;
        }
      }
    }
  }
  for (long long ko = 0; ko < (p + 15) / 16; ++ko) {
    __syncthreads();
    const int As_part = ti * 16 + tj;
    const int As_i = As_part / 4;
    #pragma unroll
    for (int As_lane = 0; As_lane < 4; ++As_lane) {
      const int As_k = As_part % 4 * 4 + As_lane;
      if (bi * 64 + As_i < m && ko * 16 + As_k < p) {
        As[As_i * 16 + As_k] = A[(bi * 64 + As_i) * A_stride_0 + (ko * 16 + As_k) * A_stride_1];
      }
    }
    const int Bs_part = ti * 16 + tj;
    const int Bs_k = Bs_part / 16;
    #pragma unroll
    for (int Bs_lane = 0; Bs_lane < 4; ++Bs_lane) {
      const int Bs_j = Bs_part % 16 * 4 + Bs_lane;
      if (ko * 16 + Bs_k < p && (long long)bj * 64 + Bs_j < n) {
        Bs[Bs_k * 64 + Bs_j] = B[(ko * 16 + Bs_k) * B_stride_0 + ((long long)bj * 64 + Bs_j) * B_stride_1];
      }
    }
    __syncthreads();
    for (int ki = 0; ki < min(p - ko * 16, (long long)16); ++ki) {
      #pragma unroll
      for (int acc_i = 0; acc_i < 4; ++acc_i) {
        if (bi * 64 + ti * 4 + acc_i < m) {
          #pragma unroll
          for (int acc_j = 0; acc_j < 4; ++acc_j) {
            if ((long long)bj * 64 + tj * 4 + acc_j < n) {
              acc[acc_i * 4 + acc_j] = fmaf(As[(ti * 4 + acc_i) * 16 + ki], Bs[ki * 64 + tj * 4 + acc_j], acc[acc_i * 4 + acc_j]);
            }
          }
        }
      }
    }
  }
  #pragma unroll
  for (int ii = 0; ii < 4; ++ii) {
    if (bi * 64 + ti * 4 + ii < m) {
      #pragma unroll
      for (int jiv = 0; jiv < 4; ++jiv) {
        if ((long long)bj * 64 + tj * 4 + jiv < n) {
          C[(bi * 64 + ti * 4 + ii) * C_stride_0 + ((long long)bj * 64 + tj * 4 + jiv) * C_stride_1] = acc[ii * 4 + jiv];
        }
      }
    }
  }
}
// C_kernel: grid ['(n + 63) // 64', '(m + 63) // 64', '1']
