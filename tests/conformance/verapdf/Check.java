import java.io.FileInputStream;
import java.util.TreeSet;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;

/**
 * Asks veraPDF, offline, whether files keep a standard.
 *
 * <p>Arguments, in order: {@code --as=2a} or {@code --as=ua1} adds a standard for the files behind it; anything else is
 * a file. One line is printed for each file and standard: name, standard, {@code yes} or {@code no}, then the rules that
 * are broken. veraPDF decides, nothing here does.
 */
final class Check {
    public static void main(String[] arguments) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        var standards = new TreeSet<String>();
        for (String argument : arguments) {
            if (argument.startsWith("--as=")) {
                standards.add(argument.substring("--as=".length()));
                continue;
            }
            for (String standard : standards) {
                System.out.println(argument + " " + standard + " " + said(argument, PDFAFlavour.fromString(standard)));
            }
        }
    }

    private static String said(String file, PDFAFlavour standard) throws Exception {
        var foundry = Foundries.defaultInstance();
        try (var parser = foundry.createParser(new FileInputStream(file), standard)) {
            var result = foundry.createValidator(standard, false).validate(parser);
            var broken = new TreeSet<String>();
            for (TestAssertion found : result.getTestAssertions()) {
                broken.add(found.getRuleId().getClause() + "-" + found.getRuleId().getTestNumber());
            }
            return (result.isCompliant() ? "yes " : "no ") + String.join(" ", broken);
        }
    }
}
