import eu.europa.esig.dss.diagnostic.DiagnosticData;
import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.diagnostic.TimestampWrapper;
import eu.europa.esig.dss.jaxb.object.Message;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.File;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Asks EU DSS, offline and with its default policy, what it says of signed containers.
 *
 * <p>Arguments, in order: {@code --trust=PEM} adds a root and {@code --at=INSTANT} sets the time of validation, each
 * for the containers behind it; anything else is a container. One line of JSON is printed for each. DSS decides,
 * nothing here does. Nothing is fetched: no certificate, no revocation list, no OCSP answer.
 */
final class Validate {
    private final CommonTrustedCertificateSource roots = new CommonTrustedCertificateSource();
    private Date at;

    public static void main(String[] arguments) {
        var validate = new Validate();
        for (String argument : arguments) {
            String value = argument.substring(argument.indexOf('=') + 1);
            if (argument.startsWith("--trust=")) {
                validate.roots.addCertificate(DSSUtils.loadCertificate(new File(value)));
            } else if (argument.startsWith("--at=")) {
                validate.at = Date.from(Instant.parse(value));
            } else {
                System.out.println(json(validate.said(argument)));
            }
        }
    }

    private Map<String, Object> said(String file) {
        try {
            return told(file, reports(file));
        } catch (RuntimeException refusal) { // what DSS throws at a file that it does not open
            return entries("file", file, "refused", refusal.getClass().getSimpleName() + ": " + refusal.getMessage());
        }
    }

    private Reports reports(String file) {
        var verifier = new CommonCertificateVerifier();
        verifier.setAIASource(null);
        verifier.setTrustedCertSources(roots);
        var validator = SignedDocumentValidator.fromDocument(new FileDocument(file));
        validator.setCertificateVerifier(verifier);
        validator.setLocale(Locale.ENGLISH);
        validator.setValidationTime(at);
        return validator.validateDocument();
    }

    private static Map<String, Object> told(String file, Reports reports) {
        DiagnosticData found = reports.getDiagnosticData();
        SimpleReport report = reports.getSimpleReport();
        List<Object> signatures = new ArrayList<>();
        for (SignatureWrapper each : found.getSignatures()) {
            signatures.add(verdict(report, each.getId(), "format", report.getSignatureFormat(each.getId()).toString(),
                    "covers", each.getSignatureScopes().stream().map(scope -> scope.getName()).toList()));
        }
        List<Object> timestamps = new ArrayList<>();
        for (TimestampWrapper each : found.getTimestampList()) {
            timestamps.add(verdict(report, each.getId(), "type", each.getType().toString(),
                    "imprint", each.isMessageImprintDataIntact(), "signature", each.isSignatureIntact(),
                    "covers", each.getTimestampScopes().stream().map(scope -> scope.getName()).toList()));
        }
        return entries("file", file, "container", String.valueOf(found.getContainerType()),
                "signatures", signatures, "timestamps", timestamps);
    }

    private static Map<String, Object> verdict(SimpleReport report, String id, Object... facts) {
        var verdict = entries(facts);
        verdict.put("indication", String.valueOf(report.getIndication(id)));
        verdict.put("sub_indication", String.valueOf(report.getSubIndication(id)));
        verdict.put("errors", texts(report.getAdESValidationErrors(id)));
        verdict.put("warnings", texts(report.getAdESValidationWarnings(id)));
        return verdict;
    }

    private static List<String> texts(List<Message> messages) {
        return messages.stream().map(Message::getValue).toList();
    }

    private static Map<String, Object> entries(Object... pairs) {
        Map<String, Object> entries = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            entries.put((String) pairs[i], pairs[i + 1]);
        }
        return entries;
    }

    private static String json(Object value) {
        if (value instanceof Map<?, ?> map) {
            var pairs = map.entrySet().stream().map(pair -> json(pair.getKey()) + ": " + json(pair.getValue()));
            return "{" + joined(pairs.toList()) + "}";
        }
        if (value instanceof Collection<?> list) {
            return "[" + joined(list.stream().map(Validate::json).toList()) + "]";
        }
        return value instanceof Boolean ? value.toString() : quoted(String.valueOf(value));
    }

    private static String joined(List<String> parts) {
        return String.join(", ", parts);
    }

    private static String quoted(String text) {
        var quoted = new StringBuilder("\"");
        for (char each : text.toCharArray()) {
            boolean plain = each >= ' ' && each <= '~' && each != '"' && each != '\\';
            quoted.append(plain ? each : String.format("\\u%04x", (int) each));
        }
        return quoted.append('"').toString();
    }
}
