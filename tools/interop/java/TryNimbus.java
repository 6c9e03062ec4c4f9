import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import com.nimbusds.oauth2.sdk.TokenIntrospectionRequest;
import com.nimbusds.oauth2.sdk.TokenIntrospectionResponse;
import com.nimbusds.oauth2.sdk.TokenRevocationRequest;
import com.nimbusds.oauth2.sdk.as.AuthorizationServerMetadata;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.token.BearerAccessToken;
import java.net.URI;
import java.util.Set;

public class TryNimbus {
  public static void main(String[] args) throws Exception {
    Library.tried("Nimbus " + Library.version(JWSAlgorithm.class) + ", client_secret_basic", new Library.Attempts() {
      public void verify(String token, Library.Scope scope) throws Exception {
        var keys = JWKSourceBuilder.<SecurityContext>create(URI.create(scope.jwksUri()).toURL()).build();
        var processor = new DefaultJWTProcessor<SecurityContext>();
        processor.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType("at+jwt")));
        processor.setJWSKeySelector(
            new JWSVerificationKeySelector<>(JWSAlgorithm.parse(scope.algorithm()), keys));
        processor.setJWTClaimsSetVerifier(new DefaultJWTClaimsVerifier<>(
            scope.audience(), new JWTClaimsSet.Builder().issuer(scope.issuer()).build(), Set.of("exp")));
        processor.process(token, null);
      }

      public Boolean introspect(String token, Library.Task task) throws Exception {
        var request = new TokenIntrospectionRequest(
            URI.create(task.introspectionEndpoint()), client(task), new BearerAccessToken(token));
        var answer = TokenIntrospectionResponse.parse(request.toHTTPRequest().send());
        return answer.toSuccessResponse().isActive();
      }

      public Boolean revoke(String token, Library.Task task) throws Exception {
        var request = new TokenRevocationRequest(
            URI.create(task.revocationEndpoint()), client(task), new BearerAccessToken(token));
        return request.toHTTPRequest().send().indicatesSuccess();
      }

      public String discover(String issuer) throws Exception {
        return AuthorizationServerMetadata.resolve(new Issuer(issuer)).getJWKSetURI().toString();
      }
    });
  }

  private static ClientSecretBasic client(Library.Task task) {
    return new ClientSecretBasic(new ClientID(task.clientId()), new Secret(task.clientSecret()));
  }
}
