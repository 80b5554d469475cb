"""cc_library for what others depend on: its headers are included as "heddle/…"."""

load("@rules_cc//cc:cc_library.bzl", native_cc_library = "cc_library")

def cc_library(name, hdrs = [], **kwargs):
    """Declares a cc_library whose headers have heddle's name before their path.

    runtime/go.h is "heddle/runtime/go.h". A header of that name in the program's
    own workspace is another one. Until version 0.3 the path alone works, too.

    Args:
      name: of the library
      hdrs: its headers
      **kwargs: as of a cc_library
    """
    if hdrs:
        # The root's package has an empty name.
        kwargs["include_prefix"] = ("heddle/" + native.package_name()).rstrip("/")
    native_cc_library(
        name = name,
        hdrs = hdrs,
        **kwargs
    )
