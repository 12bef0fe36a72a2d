/* SPDX-License-Identifier: Apache-2.0 */
/* ckd.h - checked arithmetic: each macro is true when the exact result did NOT fit and *out is not to be used. */
#ifndef LIMPID_BASE_CKD_H
#define LIMPID_BASE_CKD_H

#define CKD_ADD(out, a, b) __builtin_add_overflow((a), (b), (out))
#define CKD_SUB(out, a, b) __builtin_sub_overflow((a), (b), (out))
#define CKD_MUL(out, a, b) __builtin_mul_overflow((a), (b), (out))

#endif
