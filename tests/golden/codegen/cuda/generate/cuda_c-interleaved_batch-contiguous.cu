// C for sm_90, by tdsl: row-major arrays that begin at multiples of 16 bytes

extern "C" __global__ void __launch_bounds__(8)
C_kernel(const float* __restrict__ A, const float* __restrict__ B, float* __restrict__ C, const int m, const int n, const int p)
{
  __shared__ __align__(16) float A_shared[64];
  __shared__ __align__(16) float B_shared[64];
  const int C_c = blockIdx.z;
  const int io = blockIdx.y;
  const int jo = blockIdx.x;
  const int i_thread = threadIdx.y;
  const int j_thread = threadIdx.x;
  float C_tile[32];
  #pragma unroll
  for (int i_group = 0; i_group < 2; ++i_group) {
    #pragma unroll
    for (int ii = 0; ii < 4; ++ii) {
      if (io * 16 + i_thread * 4 + i_group * 8 + ii < m) {
        #pragma unroll
        for (int jiv = 0; jiv < 4; ++jiv) {
          if (jo * 16 + j_thread * 4 + jiv < n) {
            C_tile[(i_group * 4 + ii) * 4 + jiv] = 0.0f;
          }
        }
      }
    }
  }
  for (int ko = 0; ko < (p + 3) / 4; ++ko) {
    __syncthreads();
    #pragma unroll
    for (int A_shared_step = 0; A_shared_step < 2; ++A_shared_step) {
      const int A_shared_part = A_shared_step * 8 + i_thread * 4 + j_thread;
      const int A_shared_k = A_shared_part / 4;
      const int i = A_shared_part % 4 * 4;
      if (ko * 4 + A_shared_k < p && io * 16 + i < m) {
        *(float4*)&A_shared[A_shared_k * 16 + i] = *(const float4*)&A[(C_c * p + ko * 4 + A_shared_k) * m + io * 16 + i];
      }
    }
    #pragma unroll
    for (int B_shared_step = 0; B_shared_step < 2; ++B_shared_step) {
      const int B_shared_part = B_shared_step * 8 + i_thread * 4 + j_thread;
      const int B_shared_k = B_shared_part / 4;
      const int j = B_shared_part % 4 * 4;
      if (ko * 4 + B_shared_k < p && jo * 16 + j < n) {
        *(float4*)&B_shared[B_shared_k * 16 + j] = *(const float4*)&B[(C_c * p + ko * 4 + B_shared_k) * n + jo * 16 + j];
      }
    }
    __syncthreads();
    #pragma unroll
    for (int kiu = 0; kiu < 4; ++kiu) {
      if (ko * 4 + kiu < p) {
        #pragma unroll
        for (int i_group = 0; i_group < 2; ++i_group) {
          #pragma unroll
          for (int ii = 0; ii < 4; ++ii) {
            if (io * 16 + i_thread * 4 + i_group * 8 + ii < m) {
              if (jo * 16 + j_thread * 4 < n) {
                const float A_shared_value = A_shared[kiu * 16 + i_group * 8 + i_thread * 4 + ii];
                const float4 B_shared_vector = *(const float4*)&B_shared[kiu * 16 + j_thread * 4];
                C_tile[(i_group * 4 + ii) * 4] = fmaf(A_shared_value, B_shared_vector.x, C_tile[(i_group * 4 + ii) * 4]);
                C_tile[(i_group * 4 + ii) * 4 + 1] = fmaf(A_shared_value, B_shared_vector.y, C_tile[(i_group * 4 + ii) * 4 + 1]);
                C_tile[(i_group * 4 + ii) * 4 + 2] = fmaf(A_shared_value, B_shared_vector.z, C_tile[(i_group * 4 + ii) * 4 + 2]);
                C_tile[(i_group * 4 + ii) * 4 + 3] = fmaf(A_shared_value, B_shared_vector.w, C_tile[(i_group * 4 + ii) * 4 + 3]);
              }
            }
          }
        }
      }
    }
  }
  #pragma unroll
  for (int i_group = 0; i_group < 2; ++i_group) {
    #pragma unroll
    for (int ii = 0; ii < 4; ++ii) {
      if (io * 16 + i_thread * 4 + i_group * 8 + ii < m) {
        if (jo * 16 + j_thread * 4 < n) {
          *(float4*)&C[(C_c * m + io * 16 + i_group * 8 + i_thread * 4 + ii) * n + jo * 16 + j_thread * 4] = make_float4(C_tile[(i_group * 4 + ii) * 4], C_tile[(i_group * 4 + ii) * 4 + 1], C_tile[(i_group * 4 + ii) * 4 + 2], C_tile[(i_group * 4 + ii) * 4 + 3]);
        }
      }
    }
  }
}
// relies on n % 4 == 0
// relies on m % 4 == 0
// relies on b * p * m <= 1073741824
// relies on b * p * n <= 1073741824
// relies on b * m * n <= 1073741824
// relies on b <= 1073741824
// relies on m <= 1073741824
// relies on n <= 1073741824
// relies on p <= 1073741824
// C_kernel: grid ['(n + 15) // 16', '(m + 15) // 16', 'b']
