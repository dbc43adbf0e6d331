; axpy_general: general body, ABI version 1

declare <8 x float> @llvm.fma.v8f32(<8 x float>, <8 x float>, <8 x float>)
declare <8 x float> @llvm.masked.gather.v8f32.v8p0(<8 x ptr>, <8 x i1>, <8 x float>)
declare <8 x float> @llvm.masked.load.v8f32.p0(ptr, <8 x i1>, <8 x float>)
declare i64 @llvm.smax.i64(i64, i64)
declare i64 @llvm.smin.i64(i64, i64)
declare void @llvm.masked.scatter.v8f32.v8p0(<8 x float>, <8 x ptr>, <8 x i1>)
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

define i32 @axpy_general(ptr %data, ptr %sizes, ptr %env) nounwind "prefer-vector-width"="512" {
entry:
  %v1 = load i64, ptr %sizes, align 8
  %v2 = load ptr, ptr %data, align 8
  %v3 = load float, ptr %v2, align 4
  %v4 = getelementptr i8, ptr %data, i64 8
  %v5 = load ptr, ptr %v4, align 8
  %v6 = getelementptr i8, ptr %sizes, i64 8
  %v7 = load i64, ptr %v6, align 8
  %v8 = getelementptr i8, ptr %data, i64 16
  %v9 = load ptr, ptr %v8, align 8
  %v10 = getelementptr i8, ptr %sizes, i64 16
  %v11 = load i64, ptr %v10, align 8
  %v12 = getelementptr i8, ptr %data, i64 24
  %v13 = load ptr, ptr %v12, align 8
  %v14 = getelementptr i8, ptr %sizes, i64 24
  %v15 = load i64, ptr %v14, align 8
  %v150 = call i64 @tdsl_float_enter()
  %v151 = icmp eq i64 %v7, 4
  %v152 = icmp eq i64 %v11, 4
  %v153 = and i1 %v151, %v152
  %v154 = icmp eq i64 %v15, 4
  %v155 = and i1 %v153, %v154
  br i1 %v155, label %then156, label %else156
then156:
  %v158 = call i32 @axpy_general.rows(i64 %v1, ptr %v5, ptr %v9, float %v3, ptr %v13)
  br label %join156
else156:
  %v160 = call i32 @axpy_general.strided(i64 %v1, i64 %v7, ptr %v5, i64 %v11, ptr %v9, float %v3, i64 %v15, ptr %v13)
  br label %join156
join156:
  %v161 = phi i32 [ %v158, %then156 ], [ %v160, %else156 ]
  call void @tdsl_float_leave(i64 %v150)
  ret i32 %v161
}

define internal i32 @axpy_general.rows(i64 %p16, ptr noalias readonly %p25, ptr noalias readonly %p28, float %p31, ptr noalias %p35) nounwind "prefer-vector-width"="512" {
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
  %v27 = load <8 x float>, ptr %v26, align 1
  %v29 = getelementptr i8, ptr %p28, i64 %v24
  %v30 = load <8 x float>, ptr %v29, align 1
  %v34 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v33, <8 x float> %v27, <8 x float> %v30)
  %v36 = getelementptr i8, ptr %p35, i64 %v24
  store <8 x float> %v34, ptr %v36, align 1
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
  %v51 = call <8 x float> @llvm.masked.load.v8f32.p0(ptr align 1 %v50, <8 x i1> %v48, <8 x float> zeroinitializer)
  %v52 = getelementptr i8, ptr %p28, i64 %v49
  %v53 = call <8 x float> @llvm.masked.load.v8f32.p0(ptr align 1 %v52, <8 x i1> %v48, <8 x float> zeroinitializer)
  %v54 = insertelement <8 x float> poison, float %p31, i64 0
  %v55 = shufflevector <8 x float> %v54, <8 x float> poison, <8 x i32> zeroinitializer
  %v56 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v55, <8 x float> %v51, <8 x float> %v53)
  %v57 = getelementptr i8, ptr %p35, i64 %v49
  call void @llvm.masked.store.v8f32.p0(<8 x float> %v56, ptr align 1 %v57, <8 x i1> %v48)
  ret i32 0
}

define internal i32 @axpy_general.strided(i64 %p59, i64 %p67, ptr noalias readonly %p70, i64 %p77, ptr noalias readonly %p80, float %p87, i64 %p91, ptr noalias %p94) nounwind "prefer-vector-width"="512" {
entry:
  %v60 = lshr i64 %p59, 3
  %v62 = icmp slt i64 0, %v60
  br i1 %v62, label %enter61, label %done61
enter61:
  %v72 = insertelement <8 x i64> poison, i64 %p67, i64 0
  %v73 = shufflevector <8 x i64> %v72, <8 x i64> poison, <8 x i32> zeroinitializer
  %v74 = mul <8 x i64> %v73, <i64 0, i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 7>
  %v82 = insertelement <8 x i64> poison, i64 %p77, i64 0
  %v83 = shufflevector <8 x i64> %v82, <8 x i64> poison, <8 x i32> zeroinitializer
  %v84 = mul <8 x i64> %v83, <i64 0, i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 7>
  %v88 = insertelement <8 x float> poison, float %p87, i64 0
  %v89 = shufflevector <8 x float> %v88, <8 x float> poison, <8 x i32> zeroinitializer
  br label %loop61
loop61:
  %i65 = phi i64 [ 0, %enter61 ], [ %v112, %loop61 ]
  %v68 = mul i64 %i65, %p67
  %v69 = mul i64 %v68, 8
  %v71 = getelementptr i8, ptr %p70, i64 %v69
  %v75 = getelementptr i8, ptr %v71, <8 x i64> %v74
  %v76 = call <8 x float> @llvm.masked.gather.v8f32.v8p0(<8 x ptr> align 1 %v75, <8 x i1> splat (i1 true), <8 x float> zeroinitializer)
  %v78 = mul i64 %i65, %p77
  %v79 = mul i64 %v78, 8
  %v81 = getelementptr i8, ptr %p80, i64 %v79
  %v85 = getelementptr i8, ptr %v81, <8 x i64> %v84
  %v86 = call <8 x float> @llvm.masked.gather.v8f32.v8p0(<8 x ptr> align 1 %v85, <8 x i1> splat (i1 true), <8 x float> zeroinitializer)
  %v90 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v89, <8 x float> %v76, <8 x float> %v86)
  %v92 = mul i64 %i65, %p91
  %v93 = mul i64 %v92, 8
  %v95 = getelementptr i8, ptr %p94, i64 %v93
  %v96 = getelementptr i8, ptr %v95, i64 %p91
  %v97 = getelementptr i8, ptr %v96, i64 %p91
  %v98 = getelementptr i8, ptr %v97, i64 %p91
  %v99 = getelementptr i8, ptr %v98, i64 %p91
  %v100 = getelementptr i8, ptr %v99, i64 %p91
  %v101 = getelementptr i8, ptr %v100, i64 %p91
  %v102 = getelementptr i8, ptr %v101, i64 %p91
  %v103 = extractelement <8 x float> %v90, i64 0
  store float %v103, ptr %v95, align 1
  %v104 = extractelement <8 x float> %v90, i64 1
  store float %v104, ptr %v96, align 1
  %v105 = extractelement <8 x float> %v90, i64 2
  store float %v105, ptr %v97, align 1
  %v106 = extractelement <8 x float> %v90, i64 3
  store float %v106, ptr %v98, align 1
  %v107 = extractelement <8 x float> %v90, i64 4
  store float %v107, ptr %v99, align 1
  %v108 = extractelement <8 x float> %v90, i64 5
  store float %v108, ptr %v100, align 1
  %v109 = extractelement <8 x float> %v90, i64 6
  store float %v109, ptr %v101, align 1
  %v110 = extractelement <8 x float> %v90, i64 7
  store float %v110, ptr %v102, align 1
  %v112 = add nsw i64 %i65, 1
  %v113 = icmp slt i64 %v112, %v60
  br i1 %v113, label %loop61, label %done61
done61:
  %v115 = mul i64 %v60, -8
  %v116 = add i64 %v115, %p59
  %v117 = call i64 @llvm.smax.i64(i64 %v116, i64 -1)
  %v118 = call i64 @llvm.smin.i64(i64 %v117, i64 8)
  %v119 = trunc i64 %v118 to i32
  %v120 = insertelement <8 x i32> poison, i32 %v119, i64 0
  %v121 = shufflevector <8 x i32> %v120, <8 x i32> poison, <8 x i32> zeroinitializer
  %v122 = icmp slt <8 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7>, %v121
  %v123 = mul i64 %v60, %p67
  %v124 = mul i64 %v123, 8
  %v125 = getelementptr i8, ptr %p70, i64 %v124
  %v126 = insertelement <8 x i64> poison, i64 %p67, i64 0
  %v127 = shufflevector <8 x i64> %v126, <8 x i64> poison, <8 x i32> zeroinitializer
  %v128 = mul <8 x i64> %v127, <i64 0, i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 7>
  %v129 = getelementptr i8, ptr %v125, <8 x i64> %v128
  %v130 = call <8 x float> @llvm.masked.gather.v8f32.v8p0(<8 x ptr> align 1 %v129, <8 x i1> %v122, <8 x float> zeroinitializer)
  %v131 = mul i64 %v60, %p77
  %v132 = mul i64 %v131, 8
  %v133 = getelementptr i8, ptr %p80, i64 %v132
  %v134 = insertelement <8 x i64> poison, i64 %p77, i64 0
  %v135 = shufflevector <8 x i64> %v134, <8 x i64> poison, <8 x i32> zeroinitializer
  %v136 = mul <8 x i64> %v135, <i64 0, i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 7>
  %v137 = getelementptr i8, ptr %v133, <8 x i64> %v136
  %v138 = call <8 x float> @llvm.masked.gather.v8f32.v8p0(<8 x ptr> align 1 %v137, <8 x i1> %v122, <8 x float> zeroinitializer)
  %v139 = insertelement <8 x float> poison, float %p87, i64 0
  %v140 = shufflevector <8 x float> %v139, <8 x float> poison, <8 x i32> zeroinitializer
  %v141 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v140, <8 x float> %v130, <8 x float> %v138)
  %v142 = mul i64 %v60, %p91
  %v143 = mul i64 %v142, 8
  %v144 = getelementptr i8, ptr %p94, i64 %v143
  %v145 = insertelement <8 x i64> poison, i64 %p91, i64 0
  %v146 = shufflevector <8 x i64> %v145, <8 x i64> poison, <8 x i32> zeroinitializer
  %v147 = mul <8 x i64> %v146, <i64 0, i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 7>
  %v148 = getelementptr i8, ptr %v144, <8 x i64> %v147
  call void @llvm.masked.scatter.v8f32.v8p0(<8 x float> %v141, <8 x ptr> align 1 %v148, <8 x i1> %v122)
  ret i32 0
}
