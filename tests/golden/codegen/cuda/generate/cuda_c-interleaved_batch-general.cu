// C for sm_90, by tdsl: arrays of any strides

extern "C" __global__ void __launch_bounds__(8)
C_kernel(const float* __restrict__ A, const float* __restrict__ B, float* __restrict__ C, const long long A_stride_0, const long long A_stride_1, const long long A_stride_2, const long long B_stride_0, const long long B_stride_1, const long long B_stride_2, const long long C_stride_0, const long long C_stride_1, const long long C_stride_2, const long long m, const long long n, const long long p)
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
          if ((long long)jo * 16 + j_thread * 4 + jiv < n) {
            C_tile[(i_group * 4 + ii) * 4 + jiv] = 0.0f;
          }
        }
      }
    }
  }
  for (long long ko = 0; ko < (p + 3) / 4; ++ko) {
    __syncthreads();
    #pragma unroll
    for (int A_shared_step = 0; A_shared_step < 2; ++A_shared_step) {
      const int A_shared_part = A_shared_step * 8 + i_thread * 4 + j_thread;
      const int A_shared_k = A_shared_part / 4;
      #pragma unroll
      for (int A_shared_lane = 0; A_shared_lane < 4; ++A_shared_lane) {
        const int i = A_shared_part % 4 * 4 + A_shared_lane;
        if (ko * 4 + A_shared_k < p && io * 16 + i < m) {
          A_shared[A_shared_k * 16 + i] = A[C_c * A_stride_0 + (ko * 4 + A_shared_k) * A_stride_1 + (io * 16 + i) * A_stride_2];
        }
      }
    }
    #pragma unroll
    for (int B_shared_step = 0; B_shared_step < 2; ++B_shared_step) {
      const int B_shared_part = B_shared_step * 8 + i_thread * 4 + j_thread;
      const int B_shared_k = B_shared_part / 4;
      #pragma unroll
      for (int B_shared_lane = 0; B_shared_lane < 4; ++B_shared_lane) {
        const int j = B_shared_part % 4 * 4 + B_shared_lane;
        if (ko * 4 + B_shared_k < p && (long long)jo * 16 + j < n) {
          B_shared[B_shared_k * 16 + j] = B[C_c * B_stride_0 + (ko * 4 + B_shared_k) * B_stride_1 + ((long long)jo * 16 + j) * B_stride_2];
        }
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
              #pragma unroll
              for (int jiv = 0; jiv < 4; ++jiv) {
                if ((long long)jo * 16 + j_thread * 4 + jiv < n) {
                  C_tile[(i_group * 4 + ii) * 4 + jiv] = fmaf(A_shared[kiu * 16 + i_group * 8 + i_thread * 4 + ii], B_shared[kiu * 16 + j_thread * 4 + jiv], C_tile[(i_group * 4 + ii) * 4 + jiv]);
                }
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
        #pragma unroll
        for (int jiv = 0; jiv < 4; ++jiv) {
          if ((long long)jo * 16 + j_thread * 4 + jiv < n) {
            C[C_c * C_stride_0 + (io * 16 + i_group * 8 + i_thread * 4 + ii) * C_stride_1 + ((long long)jo * 16 + j_thread * 4 + jiv) * C_stride_2] = C_tile[(i_group * 4 + ii) * 4 + jiv];
          }
        }
      }
    }
  }
}
// C_kernel: grid ['(n + 15) // 16', '(m + 15) // 16', 'b']
