// int HeddleTestRegisters(void (*fn)(void*), void* arg, uint64_t seed)
//
// Fills every callee-saved register with seed + 1, seed + 2, …, calls fn(arg),
// and returns a mask of those that hold something else after it: bit 0 for the
// first. x86-64: rbx rbp r12 r13 r14 r15; aarch64: x19 … x29, d8 … d15.

#include "heddle/runtime/base/branch_protection.h"

#if defined(__x86_64__)

  .text
  .globl HeddleTestRegisters
  .type HeddleTestRegisters, @function
HeddleTestRegisters:
  .cfi_startproc
  HEDDLE_LANDING
  .irp reg, %rbp, %rbx, %r12, %r13, %r14, %r15, %rdx
  pushq \reg
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset \reg, 0
  .endr
  leaq 1(%rdx), %rbx
  leaq 2(%rdx), %rbp
  leaq 3(%rdx), %r12
  leaq 4(%rdx), %r13
  leaq 5(%rdx), %r14
  leaq 6(%rdx), %r15
  movq %rdi, %rax
  movq %rsi, %rdi
  callq *%rax
  movq (%rsp), %rdx
  xorl %eax, %eax
  xorl %ecx, %ecx
  .irp reg, %rbx, %rbp, %r12, %r13, %r14, %r15
  incq %rdx
  cmpq %rdx, \reg
  setne %sil
  movzbl %sil, %esi
  shll %cl, %esi
  orl %esi, %eax
  incl %ecx
  .endr
  popq %rdx
  .cfi_adjust_cfa_offset -8
  .irp reg, %r15, %r14, %r13, %r12, %rbx, %rbp
  popq \reg
  .cfi_adjust_cfa_offset -8
  .cfi_restore \reg
  .endr
  retq
  .cfi_endproc
  .size HeddleTestRegisters, . - HeddleTestRegisters
  .section .note.GNU-stack, "", @progbits

#elif defined(__aarch64__)

  .text
  .globl HeddleTestRegisters
  .type HeddleTestRegisters, %function
HeddleTestRegisters:
  .cfi_startproc
  HEDDLE_LANDING
  stp x29, x30, [sp, #-176]!
  .cfi_def_cfa_offset 176
  .cfi_rel_offset 29, 0
  .cfi_rel_offset 30, 8
  stp x19, x20, [sp, #16]
  stp x21, x22, [sp, #32]
  stp x23, x24, [sp, #48]
  stp x25, x26, [sp, #64]
  stp x27, x28, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  str x2, [sp, #160]
  .irp n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
  add x2, x2, #1
  mov x\n, x2
  .endr
  .irp n, 8, 9, 10, 11, 12, 13, 14, 15
  add x2, x2, #1
  fmov d\n, x2
  .endr
  mov x9, x0
  mov x0, x1
  blr x9
  ldr x2, [sp, #160]
  mov x0, #0
  mov x3, #0
  .irp n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
  add x2, x2, #1
  cmp x2, x\n
  cset x4, ne
  lsl x4, x4, x3
  orr x0, x0, x4
  add x3, x3, #1
  .endr
  .irp n, 8, 9, 10, 11, 12, 13, 14, 15
  add x2, x2, #1
  fmov x5, d\n
  cmp x2, x5
  cset x4, ne
  lsl x4, x4, x3
  orr x0, x0, x4
  add x3, x3, #1
  .endr
  ldp x19, x20, [sp, #16]
  ldp x21, x22, [sp, #32]
  ldp x23, x24, [sp, #48]
  ldp x25, x26, [sp, #64]
  ldp x27, x28, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  ldp x29, x30, [sp], #176
  .cfi_def_cfa_offset 0
  .cfi_restore 29
  .cfi_restore 30
  ret
  .cfi_endproc
  .size HeddleTestRegisters, . - HeddleTestRegisters
  .section .note.GNU-stack, "", %progbits

#endif
