# SPDX-License-Identifier: Apache-2.0
"""The row of check-made for Maven: a project of four modules, and what Maven makes of it."""
import re
import xml.etree.ElementTree

from made import Skipped, made


def dependency(text):
    """GROUP:ARTIFACT and more as NAME=VALUE."""
    name, *more = text.split()
    group, _, artifact = name.partition(":")
    inner = "".join(f"<{k}>{v}</{k}>" for k, _, v in (m.partition("=") for m in more))
    return f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>{inner}</dependency>"


def project(own, *parts, parent=None):
    above = "<parent><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></parent>".format(*parent) if parent else ""
    return f"<project>\n<modelVersion>4.0.0</modelVersion>\n{above}\n{own}\n" + "\n".join(parts) + "\n</project>\n"


def dependencies(*rows):
    return "<dependencies>\n" + "\n".join(map(dependency, rows)) + "\n</dependencies>"


def managed(*rows):
    return f"<dependencyManagement>{dependencies(*rows)}</dependencyManagement>"


POMS = {
    "pom.xml": project(
        "<groupId>org.acme</groupId><artifactId>parent</artifactId><version>1.0.${rev}</version><packaging>pom</packaging>",
        "<properties><rev>3</rev><lib.version>2.1</lib.version><test.version>9</test.version>"
        "<nested>${lib.version}-x</nested></properties>",
        "<modules><module>core</module><module>web</module></modules>",
        managed("org.lib:managed version=${lib.version}", "org.lib:managed-test version=${test.version} scope=test",
                "org.lib:typed version=5 type=test-jar", "org.lib:typed version=6", "org.lib:classified version=7 classifier=linux",
                "org.acme:core version=${project.version}"),
        dependencies("org.lib:inherited version=${nested}", "org.lib:inherited-test version=4 scope=test")),
    "core/pom.xml": project(
        "<artifactId>core</artifactId>", "<properties><lib.version>2.2</lib.version></properties>",
        dependencies("org.lib:managed", "org.lib:managed-test", "org.lib:typed", "org.lib:typed type=test-jar scope=test",
                     "org.lib:classified classifier=linux", "org.lib:inherited-test version=5",
                     "org.lib:optional version=1.0 optional=true", "org.lib:cdata version=<![CDATA[1.5]]> scope=provided"),
        "<!-- " + dependency("org.lib:commented version=1") + " -->",
        "<profiles><profile><id>off</id>" + dependencies("org.lib:profiled version=1") + "</profile></profiles>",
        parent=("org.acme", "parent", "1.0.${rev}")),
    "web/pom.xml": project(
        "<groupId>org.acme.web</groupId><artifactId>web</artifactId><packaging>pom</packaging>", "<modules><module>deep</module></modules>",
        managed("org.lib:managed version=3.0"), parent=("org.acme", "parent", "1.0.${rev}")),
    "web/deep/pom.xml": project(
        "<artifactId>deep</artifactId><version>7-${project.parent.version}</version>",
        dependencies("org.lib:managed", "org.acme:core", "${project.groupId}:self version=${pom.version}",
                     "org.lib:managed-test scope=compile"),
        parent=("org.acme.web", "web", "1.0.${rev}")),
}


@made("mvn")
def maven(row):
    """`mvn help:effective-pom` of each module: properties, dependencyManagement, what parents hand down and children say otherwise."""
    for path, text in POMS.items():
        row.write(f"root/app/{path}", text)
    out = row.work / "effective.xml"
    try:
        row.run("mvn", "-q", "-B", "org.apache.maven.plugins:maven-help-plugin:3.5.1:effective-pom", f"-Doutput={out}",
                cwd=row.root / "app")
    except RuntimeError as e:
        if "could not be resolved" in str(e) or "Could not transfer" in str(e):
            raise Skipped("the plugin cannot be fetched") from e
        raise
    found, n = row.packages()["maven"], 0
    top = xml.etree.ElementTree.fromstring(re.sub(r'\sxmlns(:\w+)?="[^"]*"|\sxsi:\w+="[^"]*"', "", out.read_text()))
    for path, told in zip(POMS, top.findall("project"), strict=True):
        def text(node, *names):
            return ":".join(node.findtext(name) for name in names)

        mine = [f for f in found if f[2] == f"app/{path}"]
        asked = {(text(d, "groupId", "artifactId"), d.findtext("version"), d.findtext("scope"))
                 for d in told.findall("dependencies/dependency")}
        n += row.compare(path, mine, {a[:2] for a in asked} | {(text(told, "groupId", "artifactId"), told.findtext("version"))})
        row.compare(f"{path}, for tests", [f for f in mine if "dev" in f[3]] + [("the end", "", "", None)],
                    {a[:2] for a in asked if a[2] == "test"} | {("the end", "")})
    return n
