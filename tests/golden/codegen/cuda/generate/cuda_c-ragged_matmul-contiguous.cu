// C for sm_90, by tdsl: row-major arrays that begin at multiples of 16 bytes

extern "C" __global__ void __launch_bounds__(256)
C_kernel(const float* __restrict__ A, const float* __restrict__ B, float* __restrict__ C, const int m, const int n, const int p)
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
        if (bj * 64 + tj * 4 + acc_j < n) {
          acc[acc_i * 4 + acc_j] = 0.0f;
        }
      }
    }
  }
  for (int ko = 0; ko < (p + 15) / 16; ++ko) {
    __syncthreads();
    const int As_part = ti * 16 + tj;
    const int As_i = As_part / 4;
    const int As_k = As_part % 4 * 4;
    if (bi * 64 + As_i < m && ko * 16 + As_k < p) {
      *(float4*)&As[As_i * 16 + As_k] = *(const float4*)&A[(bi * 64 + As_i) * p + ko * 16 + As_k];
    }
    const int Bs_part = ti * 16 + tj;
    const int Bs_k = Bs_part / 16;
    const int Bs_j = Bs_part % 16 * 4;
    if (ko * 16 + Bs_k < p && bj * 64 + Bs_j < n) {
      *(float4*)&Bs[Bs_k * 64 + Bs_j] = *(const float4*)&B[(ko * 16 + Bs_k) * n + bj * 64 + Bs_j];
    }
    __syncthreads();
    for (int ki = 0; ki < min(p - ko * 16, 16); ++ki) {
      #pragma unroll
      for (int acc_i = 0; acc_i < 4; ++acc_i) {
        if (bi * 64 + ti * 4 + acc_i < m) {
          #pragma unroll
          for (int acc_j = 0; acc_j < 4; ++acc_j) {
            if (bj * 64 + tj * 4 + acc_j < n) {
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
      if (bj * 64 + tj * 4 < n) {
        *(float4*)&C[(bi * 64 + ti * 4 + ii) * n + bj * 64 + tj * 4] = make_float4(acc[ii * 4], acc[ii * 4 + 1], acc[ii * 4 + 2], acc[ii * 4 + 3]);
      }
    }
  }
}
// relies on p % 4 == 0
// relies on n % 4 == 0
// relies on m * p <= 1073741824
// relies on p * n <= 1073741824
// relies on m * n <= 1073741824
// relies on m <= 1073741824
// relies on n <= 1073741824
// relies on p <= 1073741824
// C_kernel: grid ['(n + 63) // 64', '(m + 63) // 64', '1']
