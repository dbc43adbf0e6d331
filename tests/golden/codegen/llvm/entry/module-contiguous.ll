; axpy: contiguous body, ABI version 1

declare <8 x float> @llvm.fma.v8f32(<8 x float>, <8 x float>, <8 x float>)
declare <8 x float> @llvm.masked.load.v8f32.p0(ptr, <8 x i1>, <8 x float>)
declare i64 @llvm.smax.i64(i64, i64)
declare i64 @llvm.smin.i64(i64, i64)
declare void @llvm.masked.store.v8f32.p0(<8 x float>, ptr, <8 x i1>)

declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)

define internal i64 @tdsl_float_enter() noinline nounwind {
  %place = alloca i32, align 4
  call void @llvm.x86.sse.stmxcsr(ptr %place)
  %word = load i32, ptr %place, align 4
  %control = and i32 %word, -64
  %is.default = icmp eq i32 %control, 8064
  br i1 %is.default, label %done, label %set
set:
  store i32 8064, ptr %place, align 4
  call void @llvm.x86.sse.ldmxcsr(ptr %place)
  br label %done
done:
  %saved = zext i32 %word to i64
  ret i64 %saved
}

define internal void @tdsl_float_leave(i64 %saved) noinline nounwind {
  %place = alloca i32, align 4
  %word = trunc i64 %saved to i32
  %control = and i32 %word, -64
  %is.default = icmp eq i32 %control, 8064
  br i1 %is.default, label %done, label %set
set:
  store i32 %word, ptr %place, align 4
  call void @llvm.x86.sse.ldmxcsr(ptr %place)
  br label %done
done:
  ret void
}

define i32 @axpy(ptr %data, ptr %sizes, ptr %env) nounwind "prefer-vector-width"="512" {
entry:
  %v1 = load i64, ptr %sizes, align 8
  %v2 = load ptr, ptr %data, align 8
  %v3 = load float, ptr %v2, align 4
  %v4 = getelementptr i8, ptr %data, i64 8
  %v5 = load ptr, ptr %v4, align 8
  %v8 = getelementptr i8, ptr %data, i64 16
  %v9 = load ptr, ptr %v8, align 8
  %v12 = getelementptr i8, ptr %data, i64 24
  %v13 = load ptr, ptr %v12, align 8
  %v59 = call i64 @tdsl_float_enter()
  %v60 = call i32 @axpy.contiguous(i64 %v1, ptr %v5, ptr %v9, float %v3, ptr %v13)
  call void @tdsl_float_leave(i64 %v59)
  ret i32 %v60
}

define internal i32 @axpy.contiguous(i64 %p16, ptr noalias readonly %p25, ptr noalias readonly %p28, float %p31, ptr noalias %p35) nounwind "prefer-vector-width"="512" {
entry:
  %v17 = lshr i64 %p16, 3
  %v19 = icmp slt i64 0, %v17
  br i1 %v19, label %enter18, label %done18
enter18:
  %v32 = insertelement <8 x float> poison, float %p31, i64 0
  %v33 = shufflevector <8 x float> %v32, <8 x float> poison, <8 x i32> zeroinitializer
  br label %loop18
loop18:
  %i22 = phi i64 [ 0, %enter18 ], [ %v38, %loop18 ]
  %v24 = mul i64 %i22, 32
  %v26 = getelementptr i8, ptr %p25, i64 %v24
  %v27 = load <8 x float>, ptr %v26, align 4
  %v29 = getelementptr i8, ptr %p28, i64 %v24
  %v30 = load <8 x float>, ptr %v29, align 4
  %v34 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v33, <8 x float> %v27, <8 x float> %v30)
  %v36 = getelementptr i8, ptr %p35, i64 %v24
  store <8 x float> %v34, ptr %v36, align 4
  %v38 = add nsw i64 %i22, 1
  %v39 = icmp slt i64 %v38, %v17
  br i1 %v39, label %loop18, label %done18
done18:
  %v41 = mul i64 %v17, -8
  %v42 = add i64 %v41, %p16
  %v43 = call i64 @llvm.smax.i64(i64 %v42, i64 -1)
  %v44 = call i64 @llvm.smin.i64(i64 %v43, i64 8)
  %v45 = trunc i64 %v44 to i32
  %v46 = insertelement <8 x i32> poison, i32 %v45, i64 0
  %v47 = shufflevector <8 x i32> %v46, <8 x i32> poison, <8 x i32> zeroinitializer
  %v48 = icmp slt <8 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7>, %v47
  %v49 = mul i64 %v17, 32
  %v50 = getelementptr i8, ptr %p25, i64 %v49
  %v51 = call <8 x float> @llvm.masked.load.v8f32.p0(ptr align 4 %v50, <8 x i1> %v48, <8 x float> zeroinitializer)
  %v52 = getelementptr i8, ptr %p28, i64 %v49
  %v53 = call <8 x float> @llvm.masked.load.v8f32.p0(ptr align 4 %v52, <8 x i1> %v48, <8 x float> zeroinitializer)
  %v54 = insertelement <8 x float> poison, float %p31, i64 0
  %v55 = shufflevector <8 x float> %v54, <8 x float> poison, <8 x i32> zeroinitializer
  %v56 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v55, <8 x float> %v51, <8 x float> %v53)
  %v57 = getelementptr i8, ptr %p35, i64 %v49
  call void @llvm.masked.store.v8f32.p0(<8 x float> %v56, ptr align 4 %v57, <8 x i1> %v48)
  ret i32 0
}
