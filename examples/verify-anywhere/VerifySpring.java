import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.JwtClaimNames;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;

public class VerifySpring {
  // As a @Bean, it takes the place of Spring's own.
  static JwtDecoder jwtDecoder(String keySet, String issuer, String audience) {
    var decoder = NimbusJwtDecoder.withJwkSetUri(keySet)
        .jwsAlgorithm(SignatureAlgorithm.ES256)
        .jwtProcessorCustomizer(processor -> processor.setJWSTypeVerifier(
            new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType("at+jwt"))))
        .build();
    decoder.setJwtValidator(new DelegatingOAuth2TokenValidator<>(
        new JwtIssuerValidator(issuer),
        new JwtClaimValidator<List<String>>(
            JwtClaimNames.AUD, audiences -> audiences != null && audiences.contains(audience)),
        new JwtClaimValidator<>(JwtClaimNames.EXP, Objects::nonNull),
        new JwtTimestampValidator(Duration.ZERO)));
    return decoder;
  }

  public static void main(String[] args) throws Exception {
    var decoder = jwtDecoder(args[0], args[1], args[2]);
    try {
      var token = new String(System.in.readAllBytes()).trim();
      System.out.println("accepted " + decoder.decode(token).getSubject());
    } catch (JwtException refused) {
      System.err.println("refused: " + refused.getMessage());
      System.exit(1);
    }
  }
}
