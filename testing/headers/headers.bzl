"""The headers of libraries, as a test's data."""

def _headers_impl(ctx):
    # Not CcInfo's: its place is another in each version of Bazel.
    files = depset(transitive = [
        dep[OutputGroupInfo].compilation_prerequisites_INTERNAL_
        for dep in ctx.attr.deps
    ])
    own = [
        f.short_path
        for f in files.to_list()
        if f.extension == "h" and not f.short_path.startswith("../") and
           # The same again, as include_prefix shows it.
           "/_virtual_includes/" not in "/" + f.short_path
    ]
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(sorted(own)) + "\n")
    return [DefaultInfo(
        files = depset([out]),
        runfiles = ctx.runfiles([out], transitive_files = files),
    )]

headers = rule(
    implementation = _headers_impl,
    attrs = {"deps": attr.label_list()},
    doc = """What `deps` and all that they depend on need to compile.

    Its file, NAME.txt, has the path of each header of this repository's.""",
)
