// C for sm_90, by tdsl: row-major arrays that begin at multiples of 16 bytes

extern "C" __global__ void __launch_bounds__(8)
C_kernel(const float* __restrict__ A, const float* __restrict__ B, float* __restrict__ C)
{
  __shared__ __align__(16) float A_shared[128];
  __shared__ __align__(16) float B_shared[128];
  const int io = blockIdx.y;
  const int jo = blockIdx.x;
  const int i_thread = threadIdx.y;
  const int j_thread = threadIdx.x;
  float C_tile[32];
  #pragma unroll
  for (int ii = 0; ii < 4; ++ii) {
    #pragma unroll
    for (int j_group = 0; j_group < 2; ++j_group) {
      #pragma unroll
      for (int jiv = 0; jiv < 4; ++jiv) {
        C_tile[(ii * 2 + j_group) * 4 + jiv] = 0.0f;
      }
    }
  }
  for (int ko = 0; ko < 3; ++ko) {
    __syncthreads();
    #pragma unroll
    for (int A_shared_step = 0; A_shared_step < 4; ++A_shared_step) {
      const int A_shared_part = A_shared_step * 8 + i_thread * 2 + j_thread;
      const int i = A_shared_part / 2;
      const int A_shared_k = A_shared_part % 2 * 4;
      *(float4*)&A_shared[i * 8 + A_shared_k] = *(const float4*)&A[(io * 16 + i) * 24 + ko * 8 + A_shared_k];
    }
    #pragma unroll
    for (int B_shared_step = 0; B_shared_step < 4; ++B_shared_step) {
      const int B_shared_part = B_shared_step * 8 + i_thread * 2 + j_thread;
      const int B_shared_k = B_shared_part / 4;
      const int j = B_shared_part % 4 * 4;
      *(float4*)&B_shared[B_shared_k * 16 + j] = *(const float4*)&B[(ko * 8 + B_shared_k) * 32 + jo * 16 + j];
    }
    __syncthreads();
    for (int ki = 0; ki < 2; ++ki) {
      #pragma unroll
      for (int kiu = 0; kiu < 4; ++kiu) {
        #pragma unroll
        for (int ii = 0; ii < 4; ++ii) {
          #pragma unroll
          for (int j_group = 0; j_group < 2; ++j_group) {
            const float A_shared_value = A_shared[(ii * 4 + i_thread) * 8 + ki * 4 + kiu];
            const float4 B_shared_vector = *(const float4*)&B_shared[(ki * 4 + kiu) * 16 + j_group * 8 + j_thread * 4];
            C_tile[(ii * 2 + j_group) * 4] = fmaf(A_shared_value, B_shared_vector.x, C_tile[(ii * 2 + j_group) * 4]);
            C_tile[(ii * 2 + j_group) * 4 + 1] = fmaf(A_shared_value, B_shared_vector.y, C_tile[(ii * 2 + j_group) * 4 + 1]);
            C_tile[(ii * 2 + j_group) * 4 + 2] = fmaf(A_shared_value, B_shared_vector.z, C_tile[(ii * 2 + j_group) * 4 + 2]);
            C_tile[(ii * 2 + j_group) * 4 + 3] = fmaf(A_shared_value, B_shared_vector.w, C_tile[(ii * 2 + j_group) * 4 + 3]);
          }
        }
      }
    }
  }
  #pragma unroll
  for (int ii = 0; ii < 4; ++ii) {
    #pragma unroll
    for (int j_group = 0; j_group < 2; ++j_group) {
      *(float4*)&C[(io * 16 + ii * 4 + i_thread) * 32 + jo * 16 + j_group * 8 + j_thread * 4] = make_float4(C_tile[(ii * 2 + j_group) * 4], C_tile[(ii * 2 + j_group) * 4 + 1], C_tile[(ii * 2 + j_group) * 4 + 2], C_tile[(ii * 2 + j_group) * 4 + 3]);
    }
  }
}
// C_kernel: grid ['2', '2', '1']
