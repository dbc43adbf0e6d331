// C for sm_90, by tdsl: row-major arrays that begin at multiples of 16 bytes

extern "C" __global__ void __launch_bounds__(16)
C_kernel(const float* __restrict__ A, const float* __restrict__ B, float* __restrict__ C, const int m, const int n, const int p)
{
  __shared__ __align__(16) float A_shared[128];
  __shared__ __align__(16) float B_shared[128];
  const int io = blockIdx.y;
  const int jo = blockIdx.x;
  const int i_thread = threadIdx.y;
  const int j_thread = threadIdx.x;
  float C_tile[16];
  #pragma unroll
  for (int ii = 0; ii < 4; ++ii) {
    if (io * 16 + i_thread + ii * 4 < m) {
      #pragma unroll
      for (int jiv = 0; jiv < 4; ++jiv) {
        if (jo * 16 + j_thread * 4 + jiv < n) {
          C_tile[ii * 4 + jiv] = 0.0f;
        }
      }
    }
  }
  for (int ko = 0; ko < (p + 7) / 8; ++ko) {
    __syncthreads();
    #pragma unroll
    for (int A_shared_step = 0; A_shared_step < 2; ++A_shared_step) {
      const int A_shared_part = A_shared_step * 16 + i_thread * 4 + j_thread;
      const int i = A_shared_part / 2;
      const int A_shared_k = A_shared_part % 2 * 4;
      if (io * 16 + i < m && ko * 8 + A_shared_k < p) {
        *(float4*)&A_shared[i * 8 + A_shared_k] = *(const float4*)&A[(io * 16 + i) * p + ko * 8 + A_shared_k];
      }
    }
    #pragma unroll
    for (int B_shared_step = 0; B_shared_step < 2; ++B_shared_step) {
      const int B_shared_part = B_shared_step * 16 + i_thread * 4 + j_thread;
      const int j = B_shared_part / 2;
      const int B_shared_k = B_shared_part % 2 * 4;
      if (jo * 16 + j < n && ko * 8 + B_shared_k < p) {
        const float4 B_vector = *(const float4*)&B[(jo * 16 + j) * p + ko * 8 + B_shared_k];
        B_shared[B_shared_k * 16 + j] = B_vector.x;
        B_shared[(B_shared_k + 1) * 16 + j] = B_vector.y;
        B_shared[(B_shared_k + 2) * 16 + j] = B_vector.z;
        B_shared[(B_shared_k + 3) * 16 + j] = B_vector.w;
      }
    }
    __syncthreads();
    for (int ki = 0; ki < min((p + 3) / 4 - ko * 2, 2); ++ki) {
      #pragma unroll
      for (int kiu = 0; kiu < 4; ++kiu) {
        if (ko * 8 + ki * 4 + kiu < p) {
          #pragma unroll
          for (int ii = 0; ii < 4; ++ii) {
            if (io * 16 + i_thread + ii * 4 < m) {
              if (jo * 16 + j_thread * 4 < n) {
                const float A_shared_value = A_shared[(ii * 4 + i_thread) * 8 + ki * 4 + kiu];
                const float4 B_shared_vector = *(const float4*)&B_shared[(ki * 4 + kiu) * 16 + j_thread * 4];
                C_tile[ii * 4] = fmaf(A_shared_value, B_shared_vector.x, C_tile[ii * 4]);
                C_tile[ii * 4 + 1] = fmaf(A_shared_value, B_shared_vector.y, C_tile[ii * 4 + 1]);
                C_tile[ii * 4 + 2] = fmaf(A_shared_value, B_shared_vector.z, C_tile[ii * 4 + 2]);
                C_tile[ii * 4 + 3] = fmaf(A_shared_value, B_shared_vector.w, C_tile[ii * 4 + 3]);
              }
            }
          }
        }
      }
    }
  }
  #pragma unroll
  for (int ii = 0; ii < 4; ++ii) {
    if (io * 16 + i_thread + ii * 4 < m) {
      if (jo * 16 + j_thread * 4 < n) {
        *(float4*)&C[(io * 16 + ii * 4 + i_thread) * n + jo * 16 + j_thread * 4] = make_float4(C_tile[ii * 4], C_tile[ii * 4 + 1], C_tile[ii * 4 + 2], C_tile[ii * 4 + 3]);
      }
    }
  }
}
// relies on n % 4 == 0
// relies on p % 4 == 0
// relies on m * p <= 1073741824
// relies on n * p <= 1073741824
// relies on m * n <= 1073741824
// relies on m <= 1073741824
// relies on n <= 1073741824
// relies on p <= 1073741824
// C_kernel: grid ['(n + 15) // 16', '(m + 15) // 16', '1']
