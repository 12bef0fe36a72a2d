// SPDX-License-Identifier: Apache-2.0
/*
 * What NuGet.Versioning makes of pairs of versions, asked of the NuGet.exe that has it inside: "A<TAB>B" lines in;
 * "<op><A valid><B valid>" lines out, as "<11"; "?" where it refuses one of them. With one argument: its version.
 *
 * mcs nuget.cs; mono nuget.exe NUGET.EXE < pairs
 */
using System;
using System.IO;
using System.Reflection;
using System.Text;

static class Judge {
	static MethodInfo parse;

	static object Read(string text)
	{
		object[] args = { text, null };
		return (bool)parse.Invoke(null, args) ? args[1] : null;
	}

	static int Main(string[] argv)
	{
		Assembly nuget = Assembly.LoadFrom(argv[0]);
		Type version = nuget.GetType("NuGet.Versioning.NuGetVersion", true);
		const BindingFlags any = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

		foreach (MethodInfo m in version.GetMethods(any))
			if (m.Name == "TryParse" && m.GetParameters().Length == 2 && m.GetParameters()[0].ParameterType == typeof(string))
				parse = m;
		if (argv.Length > 1) {
			Console.WriteLine(nuget.GetName().Version);
			return 0;
		}
		var input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false));
		var output = new StringBuilder();
		for (string line; (line = input.ReadLine()) != null; ) {
			string[] pair = line.Split('\t');
			object a = Read(pair[0]), b = Read(pair[1]);
			char op = '?';
			/* Its default: a release's metadata does not count. */
			if (a != null && b != null) {
				int c = ((IComparable)a).CompareTo(b);
				op = c < 0 ? '<' : c > 0 ? '>' : '=';
			}
			output.Append(op).Append(a != null ? 1 : 0).Append(b != null ? 1 : 0).Append('\n');
		}
		Console.Out.Write(output);
		return 0;
	}
}
