// The context switch for x86-64, System V ABI. gobuf.h has the contract.
//
// A saved context, as SAVE leaves it and RESUME takes it (saved_frame.h):
//
//   sp+64   the caller's stack pointer after the call returns (the CFA)
//   sp+56   return address, also in Gobuf::pc
//   sp+48   rbp
//   sp+40   rbx
//   sp+32   r12     a new context: entry
//   sp+24   r13     a new context: arg
//   sp+16   r14
//   sp+8    r15
//   sp+4    x87 control word
//   sp+0    mxcsr
//
// Both halves of a switch have a stack of this shape under rsp, so one set of
// call frame information is true before and after rsp changes hands.

// On both architectures: an empty file needs the mark too.
#include "heddle/runtime/base/branch_protection.h"

#if defined(__x86_64__)

#include "heddle/runtime/arch/saved_frame.h"

.macro PUSH reg
  pushq \reg
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset \reg, 0
.endm

.macro POP reg
  popq \reg
  .cfi_adjust_cfa_offset -8
  .cfi_restore \reg
.endm

// Call frame information of a SavedFrame at rsp.
.macro CFI_FRAME
  .cfi_def_cfa %rsp, HEDDLE_FRAME_SIZE
  .cfi_rel_offset %r15, HEDDLE_FRAME_R15
  .cfi_rel_offset %r14, HEDDLE_FRAME_R14
  .cfi_rel_offset %r13, HEDDLE_FRAME_R13
  .cfi_rel_offset %r12, HEDDLE_FRAME_R12
  .cfi_rel_offset %rbx, HEDDLE_FRAME_RBX
  .cfi_rel_offset %rbp, HEDDLE_FRAME_RBP
.endm

// Saves the caller's context in (%rdi); overwrites r8.
.macro SAVE
  PUSH %rbp
  PUSH %rbx
  PUSH %r12
  PUSH %r13
  PUSH %r14
  PUSH %r15
  subq $8, %rsp
  .cfi_adjust_cfa_offset 8
  stmxcsr HEDDLE_FRAME_MXCSR(%rsp)
  fnstcw HEDDLE_FRAME_X87CW(%rsp)
  movq HEDDLE_FRAME_PC(%rsp), %r8
  movq %rsp, HEDDLE_GOBUF_SP(%rdi)
  movq %r8, HEDDLE_GOBUF_PC(%rdi)
.endm

// Goes on with the context in (%rsi), by a jump or by a return. Keeps rax and
// rdx.
.macro RESUME how
.ifc \how, jump
  movq HEDDLE_GOBUF_PC(%rsi), %r8
.endif
  movq HEDDLE_GOBUF_SP(%rsi), %rsp
  ldmxcsr HEDDLE_FRAME_MXCSR(%rsp)
  fldcw HEDDLE_FRAME_X87CW(%rsp)
  addq $8, %rsp
  .cfi_adjust_cfa_offset -8
  POP %r15
  POP %r14
  POP %r13
  POP %r12
  POP %rbx
  POP %rbp
.ifc \how, jump
  addq $8, %rsp
  .cfi_adjust_cfa_offset -8
  // The return address is below rsp now, and in r8.
  .cfi_register %rip, %r8
  HEDDLE_JUMP_BACK(%r8)
.else
  retq
.endif
.endm

.macro FUNCTION name
  .globl \name
  .type \name, @function
  .p2align 4
\name:
  .cfi_startproc
  HEDDLE_LANDING
.endm

.macro END name
  .cfi_endproc
  .size \name, . - \name
.endm

  .text

// McallRequest Gogo(Gobuf* self: rdi, const Gobuf* to: rsi)
// rax and rdx are Mcall's to fill in.
FUNCTION heddle_gogo
  SAVE
  RESUME jump
END heddle_gogo

// void Mcall(Gobuf* self: rdi, const Gobuf* g0: rsi, fn: rdx, arg: rcx)
FUNCTION heddle_mcall
  SAVE
  movq %rdx, %rax
  movq %rcx, %rdx
  RESUME jump
END heddle_mcall

// void Switch(Gobuf* self: rdi, const Gobuf* to: rsi)
FUNCTION heddle_switch
  SAVE
  RESUME return
END heddle_switch

// void Start(Gobuf* self: rdi, const Gobuf* to: rsi)
// Apart from heddle_gogo for the branch predictor's sake.
FUNCTION heddle_start
  SAVE
  RESUME jump
END heddle_start

// void Leave(const Gobuf* to: rdi)
FUNCTION heddle_leave
  movq %rdi, %rsi
  movq HEDDLE_GOBUF_SP(%rsi), %rsp
  CFI_FRAME
  RESUME return
END heddle_leave

// void Systemstack(uintptr_t sp: rdi, fn: rsi, arg: rdx)
FUNCTION heddle_systemstack
  PUSH %rbp
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  andq $-16, %rdi
  movq %rdi, %rsp
  movq %rdx, %rdi
  callq *%rsi
  movq %rbp, %rsp
  .cfi_def_cfa_register %rsp
  POP %rbp
  retq
END heddle_systemstack

// void GostartCall(Gobuf* buf: rdi, uintptr_t sp: rsi, entry: rdx, arg: rcx,
//                  FpModes modes: r8)
FUNCTION heddle_gostart_call
  andq $-16, %rsi
  subq $HEDDLE_FRAME_SIZE, %rsi
  leaq heddle_context_start(%rip), %rax
  movq %r8, HEDDLE_FRAME_MXCSR(%rsi)  // both control words
  xorl %r8d, %r8d
  movq %r8, HEDDLE_FRAME_R15(%rsi)
  movq %r8, HEDDLE_FRAME_R14(%rsi)
  movq %rcx, HEDDLE_FRAME_R13(%rsi)
  movq %rdx, HEDDLE_FRAME_R12(%rsi)
  movq %r8, HEDDLE_FRAME_RBX(%rsi)
  movq %r8, HEDDLE_FRAME_RBP(%rsi)  // ends walks along frame pointers
  movq %rax, HEDDLE_FRAME_PC(%rsi)
  movq %rsi, HEDDLE_GOBUF_SP(%rdi)
  movq %rax, HEDDLE_GOBUF_PC(%rdi)
  retq
END heddle_gostart_call

// The outermost frame of every context. The nop is for unwinders, which look
// up the byte before a return address.
FUNCTION heddle_context_base
  .cfi_undefined %rip
  nop
  .globl heddle_context_start
  .hidden heddle_context_start
heddle_context_start:
  movq %r13, %rdi
  callq *%r12
  ud2
END heddle_context_base

// Describes a SavedFrame at rsp to unwinders. Never run.
FUNCTION heddle_parked
  .cfi_signal_frame
  CFI_FRAME
  nop
  .globl heddle_parked_pc
heddle_parked_pc:
  ud2
END heddle_parked

#endif  // __x86_64__

  .section .note.GNU-stack, "", @progbits
