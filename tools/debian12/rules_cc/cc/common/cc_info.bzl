"""@rules_cc//cc/common:cc_info.bzl for Bazel 4.2, which has it built in."""

load(":native.bzl", "native_cc_info")

CcInfo = native_cc_info
