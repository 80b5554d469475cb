"""What Bazel 4.2 has built in, under names that do not hide it."""

native_cc_common = cc_common  # buildifier: disable=native-cc-common
native_cc_info = CcInfo  # buildifier: disable=native-cc-info
