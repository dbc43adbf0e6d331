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

define i32 @axpy_general(ptr %data, ptr %sizes, ptr %env) nounwind "prefer-vector-width"="256" "min-legal-vector-width"="256" {
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
  %v16 = icmp eq i64 %v1, 0
  br i1 %v16, label %nothing, label %something
something:
  %v151 = call i64 @tdsl_float_enter()
  %v152 = icmp eq i64 %v7, 4
  %v153 = icmp eq i64 %v11, 4
  %v154 = and i1 %v152, %v153
  %v155 = icmp eq i64 %v15, 4
  %v156 = and i1 %v154, %v155
  br i1 %v156, label %then157, label %else157
then157:
  %v159 = call i32 @axpy_general.rows(i64 %v1, ptr %v5, ptr %v9, float %v3, ptr %v13)
  br label %join157
else157:
  %v161 = call i32 @axpy_general.strided(i64 %v1, i64 %v7, ptr %v5, i64 %v11, ptr %v9, float %v3, i64 %v15, ptr %v13)
  br label %join157
join157:
  %v162 = phi i32 [ %v159, %then157 ], [ %v161, %else157 ]
  call void @tdsl_float_leave(i64 %v151)
  ret i32 %v162
nothing:
  ret i32 0
}

define internal i32 @axpy_general.rows(i64 %p17, ptr noalias readonly %p26, ptr noalias readonly %p29, float %p32, ptr noalias %p36) nounwind "prefer-vector-width"="256" "min-legal-vector-width"="256" {
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
  %v28 = load <8 x float>, ptr %v27, align 1
  %v30 = getelementptr i8, ptr %p29, i64 %v25
  %v31 = load <8 x float>, ptr %v30, align 1
  %v35 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v34, <8 x float> %v28, <8 x float> %v31)
  %v37 = getelementptr i8, ptr %p36, i64 %v25
  store <8 x float> %v35, ptr %v37, align 1
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
  %v52 = call <8 x float> @llvm.masked.load.v8f32.p0(ptr align 1 %v51, <8 x i1> %v49, <8 x float> zeroinitializer)
  %v53 = getelementptr i8, ptr %p29, i64 %v50
  %v54 = call <8 x float> @llvm.masked.load.v8f32.p0(ptr align 1 %v53, <8 x i1> %v49, <8 x float> zeroinitializer)
  %v55 = insertelement <8 x float> poison, float %p32, i64 0
  %v56 = shufflevector <8 x float> %v55, <8 x float> poison, <8 x i32> zeroinitializer
  %v57 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v56, <8 x float> %v52, <8 x float> %v54)
  %v58 = getelementptr i8, ptr %p36, i64 %v50
  call void @llvm.masked.store.v8f32.p0(<8 x float> %v57, ptr align 1 %v58, <8 x i1> %v49)
  ret i32 0
}

define internal i32 @axpy_general.strided(i64 %p60, i64 %p68, ptr noalias readonly %p71, i64 %p78, ptr noalias readonly %p81, float %p88, i64 %p92, ptr noalias %p95) nounwind "prefer-vector-width"="256" "min-legal-vector-width"="256" {
entry:
  %v61 = lshr i64 %p60, 3
  %v63 = icmp slt i64 0, %v61
  br i1 %v63, label %enter62, label %done62
enter62:
  %v73 = insertelement <8 x i64> poison, i64 %p68, i64 0
  %v74 = shufflevector <8 x i64> %v73, <8 x i64> poison, <8 x i32> zeroinitializer
  %v75 = mul <8 x i64> %v74, <i64 0, i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 7>
  %v83 = insertelement <8 x i64> poison, i64 %p78, i64 0
  %v84 = shufflevector <8 x i64> %v83, <8 x i64> poison, <8 x i32> zeroinitializer
  %v85 = mul <8 x i64> %v84, <i64 0, i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 7>
  %v89 = insertelement <8 x float> poison, float %p88, i64 0
  %v90 = shufflevector <8 x float> %v89, <8 x float> poison, <8 x i32> zeroinitializer
  br label %loop62
loop62:
  %i66 = phi i64 [ 0, %enter62 ], [ %v113, %loop62 ]
  %v69 = mul i64 %i66, %p68
  %v70 = mul i64 %v69, 8
  %v72 = getelementptr i8, ptr %p71, i64 %v70
  %v76 = getelementptr i8, ptr %v72, <8 x i64> %v75
  %v77 = call <8 x float> @llvm.masked.gather.v8f32.v8p0(<8 x ptr> align 1 %v76, <8 x i1> splat (i1 true), <8 x float> zeroinitializer)
  %v79 = mul i64 %i66, %p78
  %v80 = mul i64 %v79, 8
  %v82 = getelementptr i8, ptr %p81, i64 %v80
  %v86 = getelementptr i8, ptr %v82, <8 x i64> %v85
  %v87 = call <8 x float> @llvm.masked.gather.v8f32.v8p0(<8 x ptr> align 1 %v86, <8 x i1> splat (i1 true), <8 x float> zeroinitializer)
  %v91 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v90, <8 x float> %v77, <8 x float> %v87)
  %v93 = mul i64 %i66, %p92
  %v94 = mul i64 %v93, 8
  %v96 = getelementptr i8, ptr %p95, i64 %v94
  %v97 = getelementptr i8, ptr %v96, i64 %p92
  %v98 = getelementptr i8, ptr %v97, i64 %p92
  %v99 = getelementptr i8, ptr %v98, i64 %p92
  %v100 = getelementptr i8, ptr %v99, i64 %p92
  %v101 = getelementptr i8, ptr %v100, i64 %p92
  %v102 = getelementptr i8, ptr %v101, i64 %p92
  %v103 = getelementptr i8, ptr %v102, i64 %p92
  %v104 = extractelement <8 x float> %v91, i64 0
  store float %v104, ptr %v96, align 1
  %v105 = extractelement <8 x float> %v91, i64 1
  store float %v105, ptr %v97, align 1
  %v106 = extractelement <8 x float> %v91, i64 2
  store float %v106, ptr %v98, align 1
  %v107 = extractelement <8 x float> %v91, i64 3
  store float %v107, ptr %v99, align 1
  %v108 = extractelement <8 x float> %v91, i64 4
  store float %v108, ptr %v100, align 1
  %v109 = extractelement <8 x float> %v91, i64 5
  store float %v109, ptr %v101, align 1
  %v110 = extractelement <8 x float> %v91, i64 6
  store float %v110, ptr %v102, align 1
  %v111 = extractelement <8 x float> %v91, i64 7
  store float %v111, ptr %v103, align 1
  %v113 = add nsw i64 %i66, 1
  %v114 = icmp slt i64 %v113, %v61
  br i1 %v114, label %loop62, label %done62
done62:
  %v116 = mul i64 %v61, -8
  %v117 = add i64 %v116, %p60
  %v118 = call i64 @llvm.smax.i64(i64 %v117, i64 -1)
  %v119 = call i64 @llvm.smin.i64(i64 %v118, i64 8)
  %v120 = trunc i64 %v119 to i32
  %v121 = insertelement <8 x i32> poison, i32 %v120, i64 0
  %v122 = shufflevector <8 x i32> %v121, <8 x i32> poison, <8 x i32> zeroinitializer
  %v123 = icmp slt <8 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7>, %v122
  %v124 = mul i64 %v61, %p68
  %v125 = mul i64 %v124, 8
  %v126 = getelementptr i8, ptr %p71, i64 %v125
  %v127 = insertelement <8 x i64> poison, i64 %p68, i64 0
  %v128 = shufflevector <8 x i64> %v127, <8 x i64> poison, <8 x i32> zeroinitializer
  %v129 = mul <8 x i64> %v128, <i64 0, i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 7>
  %v130 = getelementptr i8, ptr %v126, <8 x i64> %v129
  %v131 = call <8 x float> @llvm.masked.gather.v8f32.v8p0(<8 x ptr> align 1 %v130, <8 x i1> %v123, <8 x float> zeroinitializer)
  %v132 = mul i64 %v61, %p78
  %v133 = mul i64 %v132, 8
  %v134 = getelementptr i8, ptr %p81, i64 %v133
  %v135 = insertelement <8 x i64> poison, i64 %p78, i64 0
  %v136 = shufflevector <8 x i64> %v135, <8 x i64> poison, <8 x i32> zeroinitializer
  %v137 = mul <8 x i64> %v136, <i64 0, i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 7>
  %v138 = getelementptr i8, ptr %v134, <8 x i64> %v137
  %v139 = call <8 x float> @llvm.masked.gather.v8f32.v8p0(<8 x ptr> align 1 %v138, <8 x i1> %v123, <8 x float> zeroinitializer)
  %v140 = insertelement <8 x float> poison, float %p88, i64 0
  %v141 = shufflevector <8 x float> %v140, <8 x float> poison, <8 x i32> zeroinitializer
  %v142 = call <8 x float> @llvm.fma.v8f32(<8 x float> %v141, <8 x float> %v131, <8 x float> %v139)
  %v143 = mul i64 %v61, %p92
  %v144 = mul i64 %v143, 8
  %v145 = getelementptr i8, ptr %p95, i64 %v144
  %v146 = insertelement <8 x i64> poison, i64 %p92, i64 0
  %v147 = shufflevector <8 x i64> %v146, <8 x i64> poison, <8 x i32> zeroinitializer
  %v148 = mul <8 x i64> %v147, <i64 0, i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 7>
  %v149 = getelementptr i8, ptr %v145, <8 x i64> %v148
  call void @llvm.masked.scatter.v8f32.v8p0(<8 x float> %v142, <8 x ptr> align 1 %v149, <8 x i1> %v123)
  ret i32 0
}
