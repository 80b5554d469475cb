"""What Bazel 4.2 has built in, under names that do not hide it."""

native_cc_common = cc_common
native_cc_info = CcInfo
