// The context switch for aarch64, AAPCS64. gobuf.h has the contract.
//
// A saved context, as SAVE leaves it and RESUME takes it (saved_frame.h):
//
//   sp+176  the caller's stack pointer (the CFA)
//   sp+160  fpcr
//   sp+96   d8 … d15
//   sp+16   x19 … x28   a new context: x19 entry, x20 arg
//   sp+8    x30, the return address, also in Gobuf::pc
//   sp+0    x29
//
// Both halves of a switch have a stack of this shape under sp, so one set of
// call frame information is true before and after sp changes hands.

// On both architectures: an empty file needs the mark too.
#include "heddle/runtime/base/branch_protection.h"

#if defined(__aarch64__)

#include "heddle/runtime/arch/saved_frame.h"

// Call frame information of a SavedFrame at sp. 64 + n is vn in DWARF.
.macro CFI_FRAME
  .cfi_def_cfa_offset HEDDLE_FRAME_SIZE
  .cfi_rel_offset 29, HEDDLE_FRAME_X29
  .cfi_rel_offset 30, HEDDLE_FRAME_PC
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
  .cfi_rel_offset 19 + \n, HEDDLE_FRAME_X19 + 8 * \n
  .endr
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7
  .cfi_rel_offset 72 + \n, HEDDLE_FRAME_D8 + 8 * \n
  .endr
.endm

// Saves the caller's context in [x0]. Leaves its fpcr in x9; overwrites x10.
.macro SAVE
  stp x29, x30, [sp, #-HEDDLE_FRAME_SIZE]!
  .cfi_def_cfa_offset HEDDLE_FRAME_SIZE
  .cfi_rel_offset 29, HEDDLE_FRAME_X29
  .cfi_rel_offset 30, HEDDLE_FRAME_PC
  stp x19, x20, [sp, #HEDDLE_FRAME_X19]
  stp x21, x22, [sp, #HEDDLE_FRAME_X19 + 16]
  stp x23, x24, [sp, #HEDDLE_FRAME_X19 + 32]
  stp x25, x26, [sp, #HEDDLE_FRAME_X19 + 48]
  stp x27, x28, [sp, #HEDDLE_FRAME_X19 + 64]
  stp d8, d9, [sp, #HEDDLE_FRAME_D8]
  stp d10, d11, [sp, #HEDDLE_FRAME_D8 + 16]
  stp d12, d13, [sp, #HEDDLE_FRAME_D8 + 32]
  stp d14, d15, [sp, #HEDDLE_FRAME_D8 + 48]
  // Up to here the registers still hold the caller's values; from here on
  // the frame is what counts.
  CFI_FRAME
  mrs x9, fpcr
  str x9, [sp, #HEDDLE_FRAME_FPCR]
  mov x10, sp
  stp x10, x30, [x0, #HEDDLE_GOBUF_SP]
.endm

// Goes on with the context in [x2], by a jump or by a return. Keeps x0 and x1.
.macro RESUME how
  ldp x10, x11, [x2, #HEDDLE_GOBUF_SP]
  mov sp, x10
  ldr x12, [sp, #HEDDLE_FRAME_FPCR]
  cmp x9, x12
  b.ne 2f
1:
  .cfi_remember_state
  ldp x19, x20, [sp, #HEDDLE_FRAME_X19]
  ldp x21, x22, [sp, #HEDDLE_FRAME_X19 + 16]
  ldp x23, x24, [sp, #HEDDLE_FRAME_X19 + 32]
  ldp x25, x26, [sp, #HEDDLE_FRAME_X19 + 48]
  ldp x27, x28, [sp, #HEDDLE_FRAME_X19 + 64]
  ldp d8, d9, [sp, #HEDDLE_FRAME_D8]
  ldp d10, d11, [sp, #HEDDLE_FRAME_D8 + 16]
  ldp d12, d13, [sp, #HEDDLE_FRAME_D8 + 32]
  ldp d14, d15, [sp, #HEDDLE_FRAME_D8 + 48]
  ldp x29, x30, [sp], #HEDDLE_FRAME_SIZE
  // All is in its register again, the return address in x11
  // and in x30.
  .cfi_def_cfa_offset 0
  .irp n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
  .cfi_restore \n
  .endr
  .irp n, 72, 73, 74, 75, 76, 77, 78, 79
  .cfi_restore \n
  .endr
.ifc \how, jump
  .cfi_register 30, 11
  HEDDLE_JUMP_BACK(x11)
.else
  .cfi_restore 30
  ret
.endif
  .cfi_restore_state
2:
  msr fpcr, x12
  b 1b
.endm

.macro FUNCTION name
  .globl \name
  .type \name, %function
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

// McallRequest Gogo(Gobuf* self: x0, const Gobuf* to: x1)
// x0 and x1 are Mcall's to fill in.
FUNCTION heddle_gogo
  SAVE
  mov x2, x1
  RESUME jump
END heddle_gogo

// void Mcall(Gobuf* self: x0, const Gobuf* g0: x1, fn: x2, arg: x3)
FUNCTION heddle_mcall
  SAVE
  mov x0, x2
  mov x2, x1
  mov x1, x3
  RESUME jump
END heddle_mcall

// void Switch(Gobuf* self: x0, const Gobuf* to: x1)
FUNCTION heddle_switch
  SAVE
  mov x2, x1
  RESUME return
END heddle_switch

// void Start(Gobuf* self: x0, const Gobuf* to: x1)
// Apart from heddle_gogo for the branch predictor's sake.
FUNCTION heddle_start
  SAVE
  mov x2, x1
  RESUME jump
END heddle_start

// void Leave(const Gobuf* to: x0)
FUNCTION heddle_leave
  mov x2, x0
  ldr x10, [x2, #HEDDLE_GOBUF_SP]
  mov sp, x10
  CFI_FRAME
  mrs x9, fpcr
  RESUME return
END heddle_leave

// void Systemstack(uintptr_t sp: x0, fn: x1, arg: x2)
FUNCTION heddle_systemstack
  stp x29, x30, [sp, #-16]!
  .cfi_def_cfa_offset 16
  .cfi_rel_offset 29, 0
  .cfi_rel_offset 30, 8
  mov x29, sp
  .cfi_def_cfa_register 29
  and x9, x0, #-16
  mov sp, x9
  mov x0, x2
  blr x1
  mov sp, x29
  .cfi_def_cfa_register 31
  ldp x29, x30, [sp], #16
  .cfi_def_cfa_offset 0
  .cfi_restore 29
  .cfi_restore 30
  ret
END heddle_systemstack

// void GostartCall(Gobuf* buf: x0, uintptr_t sp: x1, entry: x2, arg: x3,
//                  FpModes modes: x4)
FUNCTION heddle_gostart_call
  and x1, x1, #-16
  sub x1, x1, #HEDDLE_FRAME_SIZE
  adr x9, heddle_context_start
  stp xzr, x9, [x1, #HEDDLE_FRAME_X29]  // 0 ends walks along frame pointers
  stp x2, x3, [x1, #HEDDLE_FRAME_X19]
  .irp n, 16, 32, 48, 64, 80, 96, 112, 128
  stp xzr, xzr, [x1, #HEDDLE_FRAME_X19 + \n]
  .endr
  str x4, [x1, #HEDDLE_FRAME_FPCR]
  stp x1, x9, [x0, #HEDDLE_GOBUF_SP]
  ret
END heddle_gostart_call

// The outermost frame of every context. The nop is for unwinders, which look
// up the byte before a return address.
FUNCTION heddle_context_base
  .cfi_undefined 30
  nop
heddle_context_start:
  mov x0, x20
  blr x19
  brk #1
END heddle_context_base

// Describes a SavedFrame at sp to unwinders. Never run.
FUNCTION heddle_parked
  .cfi_signal_frame
  CFI_FRAME
  nop
  .globl heddle_parked_pc
heddle_parked_pc:
  brk #1
END heddle_parked

#endif  // __aarch64__

  .section .note.GNU-stack, "", %progbits
