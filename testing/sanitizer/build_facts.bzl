"""Files that tell a test what its build is like."""

load(":sanitizers.bzl", "SANITIZERS")
load(":sanitizers_cases.bzl", "sanitizers_cases")

def _build_facts_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    facts = ["copt " + flag for flag in ctx.fragments.cpp.copts]
    facts += ["linkopt " + flag for flag in ctx.fragments.cpp.linkopts]
    ctx.actions.write(out, "\n".join(facts) + "\n")
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles([out]))]

build_facts = rule(
    implementation = _build_facts_impl,
    doc = "--copt and --linkopt, a line each.",
    fragments = ["cpp"],
)

def _lines_file_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(ctx.attr.lines) + "\n")
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles([out]))]

_lines_file = rule(
    implementation = _lines_file_impl,
    attrs = {"lines": attr.string_list()},
)

def flags_file(name):
    """A file of what the sanitizers of sanitizers.bzl are built and run with.

    Lines `SANITIZER always --copt=FLAG`, or `SANITIZER clang …`.

    Args:
      name: the file is called `name`.txt
    """
    lines = []
    for sanitizer, to in SANITIZERS.items():
        flags = ["always --copt=" + flag for flag in to.copts]
        flags += ["always --linkopt=" + flag for flag in to.linkopts]
        flags += ["always --test_env=%s=%s" % pair for pair in to.env.items()]
        flags += ["clang --linkopt=" + flag for flag in to.clang_linkopts]
        flags += ["clang --features=" + flag for flag in to.clang_features]
        lines += ["%s %s" % (sanitizer, flag) for flag in flags]
    _lines_file(name = name, lines = lines)

def cases_file(name):
    """A file of two lines for each of sanitizers_cases: expected and actual.

    Args:
      name: the file is called `name`.txt
    """
    lines = []
    for want, got in sanitizers_cases():
        lines += [want, got]
    _lines_file(name = name, lines = lines)

def tags_file(name):
    """A file of a line `TARGET TAG` for each tag of the tests above.

    Args:
      name: the file is called `name`.txt
    """
    lines = []
    for target, attributes in native.existing_rules().items():
        if attributes["kind"] in ["cc_test", "sanitized_test"]:
            lines += ["%s %s" % (target, tag) for tag in attributes["tags"]]
    _lines_file(name = name, lines = lines)
