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

define i32 @axpy(ptr %data, ptr %sizes, ptr %env) nounwind "prefer-vector-width"="256" "min-legal-vector-width"="256" {
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
  %v16 = icmp eq i64 %v1, 0
  br i1 %v16, label %nothing, label %something
something:
  %v60 = call i64 @tdsl_float_enter()
  %v61 = call i32 @axpy.contiguous(i64 %v1, ptr %v5, ptr %v9, float %v3, ptr %v13)
  call void @tdsl_float_leave(i64 %v60)
  ret i32 %v61
nothing:
  ret i32 0
}

define internal i32 @axpy.contiguous(i64 %p17, ptr noalias readonly %p26, ptr noalias readonly %p29, float %p32, ptr noalias %p36) nounwind "prefer-vector-width"="256" "min-legal-vector-width"="256" {
entry:
  %v18 = lshr i64 %p17, 3
  %v20 = icmp slt i64 0, %v18
  br i1 %v20, label %enter19, label %done19
enter19:
  %v33 = insertelement <8 x float> poison, float %p32, i64 0
  %v34 = shufflevector <8 x float> %v33, <8 x float> poison, <8 x i32> zeroinitializer
  br label %loop19
loop19:
  %i23 = phi i64 [ 0, %enter19 ], [ %v39, %loop19 ]
  %v25 = mul i64 %i23, 32
  %v27 = getelementptr i8, ptr %p26, i64 %v25
  %v28 = load <8 x float>, ptr %v27, align 4
  %v30 = getelementptr i8, ptr %p29, i64 %v25
  %v31 = load <8 x float>, ptr %v30, align 4
  %v35 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v34, <8 x float> %v28, <8 x float> %v31)
  %v37 = getelementptr i8, ptr %p36, i64 %v25
  store <8 x float> %v35, ptr %v37, align 4
  %v39 = add nsw i64 %i23, 1
  %v40 = icmp slt i64 %v39, %v18
  br i1 %v40, label %loop19, label %done19
done19:
  %v42 = mul i64 %v18, -8
  %v43 = add i64 %v42, %p17
  %v44 = call i64 @llvm.smax.i64(i64 %v43, i64 -1)
  %v45 = call i64 @llvm.smin.i64(i64 %v44, i64 8)
  %v46 = trunc i64 %v45 to i32
  %v47 = insertelement <8 x i32> poison, i32 %v46, i64 0
  %v48 = shufflevector <8 x i32> %v47, <8 x i32> poison, <8 x i32> zeroinitializer
  %v49 = icmp slt <8 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7>, %v48
  %v50 = mul i64 %v18, 32
  %v51 = getelementptr i8, ptr %p26, i64 %v50
  %v52 = call <8 x float> @llvm.masked.load.v8f32.p0(ptr align 4 %v51, <8 x i1> %v49, <8 x float> zeroinitializer)
  %v53 = getelementptr i8, ptr %p29, i64 %v50
  %v54 = call <8 x float> @llvm.masked.load.v8f32.p0(ptr align 4 %v53, <8 x i1> %v49, <8 x float> zeroinitializer)
  %v55 = insertelement <8 x float> poison, float %p32, i64 0
  %v56 = shufflevector <8 x float> %v55, <8 x float> poison, <8 x i32> zeroinitializer
  %v57 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v56, <8 x float> %v52, <8 x float> %v54)
  %v58 = getelementptr i8, ptr %p36, i64 %v50
  call void @llvm.masked.store.v8f32.p0(<8 x float> %v57, ptr align 4 %v58, <8 x i1> %v49)
  ret i32 0
}
