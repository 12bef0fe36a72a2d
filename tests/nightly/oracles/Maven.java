// SPDX-License-Identifier: Apache-2.0
/*
 * What ComparableVersion of maven-artifact makes of pairs of versions: "A<TAB>B" lines in; "<op><A valid><B valid>" lines
 * out, as "<--" ("-": it refuses no text). "?" where its verdict goes in circles: some beginning of one of the texts is
 * newer than the one and not newer than the other although it calls the one newer, so that there is no order to ask for.
 */
import java.io.*;
import java.nio.charset.StandardCharsets;
import org.apache.maven.artifact.versioning.ComparableVersion;

public class Maven {
	static boolean circular(ComparableVersion older, ComparableVersion newer, String text) {
		for (int n = 0; n < text.length(); n++) {
			ComparableVersion p = new ComparableVersion(text.substring(0, n));
			if (older.compareTo(p) >= 0 && p.compareTo(newer) >= 0) return true;
		}
		return false;
	}

	public static void main(String[] args) throws IOException {
		BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
		StringBuilder out = new StringBuilder();
		for (String line; (line = in.readLine()) != null; ) {
			String[] texts = line.split("\t", -1);
			ComparableVersion a = new ComparableVersion(texts[0]), b = new ComparableVersion(texts[1]);
			int c = a.compareTo(b);
			char op = c < 0 ? '<' : c > 0 ? '>' : '=';
			ComparableVersion older = c < 0 ? a : b, newer = c < 0 ? b : a;
			if (c != 0 && (circular(older, newer, texts[0]) || circular(older, newer, texts[1]))) op = '?';
			out.append(op).append("--\n");
		}
		System.out.print(out);
	}
}
