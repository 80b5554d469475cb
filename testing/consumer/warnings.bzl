"""The warnings of a strict project: heddle's headers must not cause any."""

STRICT_COPTS = [
    "-Wall",
    "-Wextra",
    "-Wshadow",
    "-Wconversion",
    "-Wsign-conversion",
    "-Wpedantic",
    "-Werror",
] + select({
    # Abseil's headers cause some. They are made system headers, which cause none.
    "@heddle//testing/sanitizer:clang": ["--system-header-prefix=absl/"],
    "//conditions:default": [
        "-isystem",
        "external/com_google_absl",
    ],
})
