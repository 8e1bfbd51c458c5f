package attack

import (
	"slices"
	"strings"
)

// partsOf is a body as a client writes it: the boundary, each part's header lines
// and content, and how the body ends.
func partsOf(boundary, end string, parts ...[2]string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString("--" + boundary + "\r\n" + p[0] + "\r\n\r\n" + p[1] + "\r\n")
	}
	b.WriteString("--" + boundary + "--" + end)
	return b.String()
}

// uploadBy is a media upload by a client. field and file are the header lines it
// gives a field and the file, "%s" being the name of the field.
func uploadBy(name, about, contentType, boundary, end, field, file string, more ...string) honest {
	var parts [][2]string
	for _, f := range [][2]string{{"messaging_product", "whatsapp"}, {"type", "image/jpeg"}} {
		parts = append(parts, [2]string{strings.ReplaceAll(field, "%s", f[0]), f[1]})
	}
	parts = append(parts, [2]string{file, fileBytes(3000)})
	return whole("upload/"+name, about, request("POST", media, partsOf(boundary, end, parts...), append([]string{"Content-Type: " + contentType}, more...)...))
}

const (
	plainField = `Content-Disposition: form-data; name="%s"`
	plainFile  = `Content-Disposition: form-data; name="file"; filename="photo.jpg"` + "\r\nContent-Type: image/jpeg"
)

// honestUploads are uploads as the libraries of many languages write them.
var honestUploads = []honest{
	uploadBy("curl", "curl -F", "multipart/form-data; boundary=------------------------d74496d66958873e", "------------------------d74496d66958873e", "\r\n", plainField, plainFile, "Expect: 100-continue", "User-Agent: curl/8.9.1"),
	uploadBy("curl/quote", "curl -F with a quote in the file's name", "multipart/form-data; boundary=------------------------d74496d66958873e", "------------------------d74496d66958873e", "\r\n", plainField,
		`Content-Disposition: form-data; name="file"; filename="a\"b;c.jpg"`+"\r\nContent-Type: image/jpeg"),
	uploadBy("requests", "Python requests", "multipart/form-data; boundary=1f3a9c0b7d5e4f6a8b9c0d1e2f3a4b5c", "1f3a9c0b7d5e4f6a8b9c0d1e2f3a4b5c", "\r\n", plainField, plainFile),
	uploadBy("requests/no-type", "Python requests, the file without a type", "multipart/form-data; boundary=1f3a9c0b7d5e4f6a8b9c0d1e2f3a4b5c", "1f3a9c0b7d5e4f6a8b9c0d1e2f3a4b5c", "\r\n", plainField, `Content-Disposition: form-data; name="file"; filename="photo.jpg"`),
	uploadBy("requests/unicode", "Python requests, a file name that is not ASCII", "multipart/form-data; boundary=1f3a9c0b7d5e4f6a8b9c0d1e2f3a4b5c", "1f3a9c0b7d5e4f6a8b9c0d1e2f3a4b5c", "\r\n", plainField,
		`Content-Disposition: form-data; name="file"; filename="Grüße 你好.jpg"`+"\r\nContent-Type: image/jpeg"),
	uploadBy("requests/old-unicode", "an old Python requests, a file name that is not ASCII", "multipart/form-data; boundary=1f3a9c0b7d5e4f6a8b9c0d1e2f3a4b5c", "1f3a9c0b7d5e4f6a8b9c0d1e2f3a4b5c", "\r\n", plainField,
		`Content-Disposition: form-data; name="file"; filename*=utf-8''Gr%C3%BC%C3%9Fe.jpg`+"\r\nContent-Type: image/jpeg"),
	uploadBy("httpx", "Python httpx, an escaped quote in the file's name", "multipart/form-data; boundary=6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a", "6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a", "\r\n", plainField,
		`Content-Disposition: form-data; name="file"; filename="a%22b.jpg"`+"\r\nContent-Type: image/jpeg"),
	uploadBy("aiohttp", "Python aiohttp", "multipart/form-data; boundary=0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f", "0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f", "\r\n",
		"Content-Type: text/plain; charset=utf-8\r\n"+plainField, "Content-Type: image/jpeg\r\n"+`Content-Disposition: form-data; name="file"; filename="photo.jpg"; filename*=utf-8''photo.jpg`),
	uploadBy("aiohttp/length", "an old Python aiohttp", "multipart/form-data; boundary=0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f", "0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f", "\r\n",
		"Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=\"%s\"\r\nContent-Length: 8", plainFile+"\r\nContent-Length: 3000"),
	uploadBy("form-data", "axios with form-data for Node", "multipart/form-data; boundary=--------------------------845215617563416237985611", "--------------------------845215617563416237985611", "\r\n", plainField, plainFile),
	uploadBy("axios-browser", "axios with FormData", "multipart/form-data; boundary=axios-1.7.7-boundary-wXy_09-abC", "axios-1.7.7-boundary-wXy_09-abC", "\r\n\r\n", plainField, plainFile),
	uploadBy("undici", "fetch of Node", "multipart/form-data; boundary=----formdata-undici-034512345678", "----formdata-undici-034512345678", "\r\n", plainField, plainFile),
	uploadBy("undici/no-end", "fetch of an older Node, no line end behind the last boundary", "multipart/form-data; boundary=----formdata-undici-0.7204674113", "----formdata-undici-0.7204674113", "", plainField, plainFile),
	uploadBy("form-data-encoder", "got", "multipart/form-data; boundary=form-data-boundary-vqyb3fqwmdkxwbpc", "form-data-boundary-vqyb3fqwmdkxwbpc", "\r\n\r\n", plainField, plainFile),
	uploadBy("bun", "fetch of Bun", `multipart/form-data; boundary="-WebkitFormBoundary5f3a9c0b7d5e4f6a"`, "-WebkitFormBoundary5f3a9c0b7d5e4f6a", "\r\n", plainField, plainFile),
	uploadBy("chrome", "a browser of the Chrome family", "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW", "----WebKitFormBoundary7MA4YWxkTrZu0gW", "\r\n", plainField, plainFile, "Origin: https://example.com"),
	uploadBy("firefox", "Firefox", "multipart/form-data; boundary=----geckoformboundary3a9c0b7d5e4f6a8b9c0d1e2f3a4b5c", "----geckoformboundary3a9c0b7d5e4f6a8b9c0d1e2f3a4b5c", "\r\n", plainField, plainFile),
	uploadBy("firefox/old", "an older Firefox", "multipart/form-data; boundary=---------------------------9051914041544843365972754266", "---------------------------9051914041544843365972754266", "\r\n", plainField, plainFile),
	uploadBy("go", "Go's mime/multipart", "multipart/form-data; boundary=6bc7d3c8f10b2a3e4d5f60718293a4b5c6d7e8f901234567890abcdef012", "6bc7d3c8f10b2a3e4d5f60718293a4b5c6d7e8f901234567890abcdef012", "\r\n", plainField,
		`Content-Disposition: form-data; name="file"; filename="photo.jpg"`+"\r\nContent-Type: application/octet-stream"),
	uploadBy("guzzle", "PHP Guzzle", "multipart/form-data; boundary=7e2f1c9d8b3a4f5e6d7c8b9a0f1e2d3c4b5a6978", "7e2f1c9d8b3a4f5e6d7c8b9a0f1e2d3c4b5a6978", "\r\n",
		plainField+"\r\nContent-Length: 8", `Content-Disposition: form-data; name="file"; filename="photo.jpg"`+"\r\nContent-Length: 3000\r\nContent-Type: image/jpeg"),
	uploadBy("php-curl", "PHP's CURLFile", "multipart/form-data; boundary=------------------------8f1c2d3e4b5a6978", "------------------------8f1c2d3e4b5a6978", "\r\n", plainField, plainFile, "Accept: */*"),
	uploadBy("symfony", "Symfony's HTTP client", "multipart/form-data; boundary=_5f3a9c0_", "_5f3a9c0_", "\r\n",
		"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"+plainField, "Content-Type: image/jpeg\r\nContent-Transfer-Encoding: 8bit\r\n"+`Content-Disposition: form-data; name="file"; filename="photo.jpg"`),
	uploadBy("okhttp", "Java OkHttp", "multipart/form-data; boundary=4d5e6f70-8192-a3b4-c5d6-e7f809112233", "4d5e6f70-8192-a3b4-c5d6-e7f809112233", "\r\n",
		plainField+"\r\nContent-Length: 8", plainFile+"\r\nContent-Length: 3000"),
	uploadBy("retrofit", "Java Retrofit", "multipart/form-data; boundary=4d5e6f70-8192-a3b4-c5d6-e7f809112233", "4d5e6f70-8192-a3b4-c5d6-e7f809112233", "\r\n",
		plainField+"\r\nContent-Transfer-Encoding: binary\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: 8", plainFile),
	uploadBy("apache", "Apache HttpClient", "multipart/form-data; boundary=Zb3kQ9_x-Y7uLmN0pR5sT1vW4", "Zb3kQ9_x-Y7uLmN0pR5sT1vW4", "\r\n",
		plainField+"\r\nContent-Type: text/plain; charset=ISO-8859-1\r\nContent-Transfer-Encoding: 8bit", plainFile+"\r\nContent-Transfer-Encoding: binary"),
	uploadBy("apache/charset", "Apache HttpClient with a charset", "multipart/form-data; boundary=Zb3kQ9_x-Y7uLmN0pR5sT1vW4; charset=ISO-8859-1", "Zb3kQ9_x-Y7uLmN0pR5sT1vW4", "\r\n", plainField, plainFile),
	uploadBy("spring", "Spring's RestTemplate", "multipart/form-data;boundary=xQy3-7abc_DEF", "xQy3-7abc_DEF", "\r\n",
		plainField+"\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: 8", plainFile+"\r\nContent-Length: 3000"),
	uploadBy("spring/charset", "an older RestTemplate, a file name that is not ASCII", "multipart/form-data;charset=UTF-8;boundary=xQy3-7abc_DEF", "xQy3-7abc_DEF", "\r\n", plainField,
		`Content-Disposition: form-data; name="file"; filename="=?UTF-8?Q?Rechnung_=C3=A4.jpg?="; filename*=UTF-8''Rechnung%20%C3%A4.jpg`+"\r\nContent-Type: image/jpeg"),
	uploadBy("jersey", "Java Jersey", "multipart/form-data;boundary=Boundary_1_1234567_1700000000000", "Boundary_1_1234567_1700000000000", "\r\n",
		"Content-Type: text/plain\r\n"+plainField, "Content-Type: image/jpeg\r\n"+`Content-Disposition: form-data; filename="photo.jpg"; modification-date="Tue, 14 Nov 2023 22:13:20 GMT"; size=3000; name="file"`),
	uploadBy("javamail", "a boundary in quotes as Java Mail writes it", `multipart/form-data; boundary="----=_Part_3_981654.1700000000000"`, "----=_Part_3_981654.1700000000000", "\r\n", plainField, plainFile),
	uploadBy("dotnet", ".NET's MultipartFormDataContent", `multipart/form-data; boundary="4d5e6f70-8192-a3b4-c5d6-e7f809112233"`, "4d5e6f70-8192-a3b4-c5d6-e7f809112233", "\r\n",
		"Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=%s", "Content-Type: image/jpeg\r\nContent-Disposition: form-data; name=file; filename=photo.jpg; filename*=utf-8''photo.jpg"),
	uploadBy("dotnet/unicode", ".NET, a file name that is not ASCII", `multipart/form-data; boundary="----4d5e6f70"`, "----4d5e6f70", "\r\n", "Content-Disposition: form-data; name=%s",
		`Content-Disposition: form-data; name=file; filename="=?utf-8?B?UmVjaG51bmcgw6QuanBn?="; filename*=utf-8''Rechnung%20%C3%A4.jpg`),
	uploadBy("restsharp", "RestSharp", `multipart/form-data; boundary="-----------------------------4d5e6f708192"`, "-----------------------------4d5e6f708192", "\r\n",
		"Content-Type: text/plain; charset=utf-8\r\n"+plainField, "Content-Type: image/jpeg\r\n"+`Content-Disposition: form-data; name="file"; filename="photo.jpg"`),
	uploadBy("postman", "Postman", "multipart/form-data; boundary=--------------------------515890814546601021194782", "--------------------------515890814546601021194782", "\r\n", plainField, plainFile, "User-Agent: PostmanRuntime/7.43.0", "Postman-Token: 1"),
	uploadBy("ruby", "Ruby's net/http", "multipart/form-data; boundary=----RubyFormBoundaryX3kQ9xY7uLmN0pR5", "----RubyFormBoundaryX3kQ9xY7uLmN0pR5", "\r\n", plainField, plainFile),
	uploadBy("faraday", "Ruby Faraday", "multipart/form-data; boundary=-----------RubyMultipartPost-0f1e2d3c4b5a6978", "-----------RubyMultipartPost-0f1e2d3c4b5a6978", "\r\n", plainField,
		`Content-Disposition: form-data; name="file"; filename="photo.jpg"`+"\r\nContent-Length: 3000\r\nContent-Type: image/jpeg\r\nContent-Transfer-Encoding: binary"),
	uploadBy("dart", "Dart", "multipart/form-data; boundary=dart-http-boundary-a.Bc+D_9EfG0hI-jK", "dart-http-boundary-a.Bc+D_9EfG0hI-jK", "\r\n",
		`content-disposition: form-data; name="%s"`, "content-type: image/jpeg\r\n"+`content-disposition: form-data; name="file"; filename="photo.jpg"`),
	uploadBy("dio", "Dart Dio", "multipart/form-data; boundary=--dio-boundary-1234567890", "--dio-boundary-1234567890", "\r\n", `content-disposition: form-data; name="%s"`, `content-disposition: form-data; name="file"; filename="photo.jpg"`+"\r\ncontent-type: image/jpeg"),
	uploadBy("reqwest", "Rust reqwest", "multipart/form-data; boundary=f0e1d2c3b4a59687-78695a4b3c2d1e0f-0123456789abcdef-fedcba9876543210", "f0e1d2c3b4a59687-78695a4b3c2d1e0f-0123456789abcdef-fedcba9876543210", "\r\n", plainField, plainFile),
	uploadBy("elixir", "Elixir Tesla", "multipart/form-data; boundary=3a9c0b7d5e4f6a8b9c0d1e2f", "3a9c0b7d5e4f6a8b9c0d1e2f", "\r\n", `content-disposition: form-data; name="%s"`, "content-type: image/jpeg\r\n"+`content-disposition: form-data; name="file"; filename="photo.jpg"`),
	uploadBy("perl", "Perl's LWP", "multipart/form-data; boundary=xYzZY", "xYzZY", "\r\n", plainField, plainFile),
	uploadBy("swift", "Swift Alamofire", "multipart/form-data; boundary=alamofire.boundary.1f3a9c0b7d5e4f6a", "alamofire.boundary.1f3a9c0b7d5e4f6a", "\r\n", plainField, plainFile),
	uploadBy("apostrophe", "a file name with an apostrophe and a path", "multipart/form-data; boundary=xYzZY", "xYzZY", "\r\n", plainField, `Content-Disposition: form-data; name="file"; filename="C:\Anna's files\photo.jpg"`+"\r\nContent-Type: image/jpeg"),
	uploadBy("about-batches", "a file name about batches and methods", "multipart/form-data; boundary=xYzZY", "xYzZY", "\r\n", plainField, `Content-Disposition: form-data; name="file"; filename="batch=1&method.pdf"`+"\r\nContent-Type: application/pdf"),
	whole("upload/unity", "a body that starts with a line end, as Unity writes it", request("POST", media, "\r\n"+partsOf("6bc7d3c8", "\r\n", [2]string{plainFile, fileBytes(3000)}), `Content-Type: multipart/form-data; boundary="6bc7d3c8"`)),
	whole("upload/empty-file", "an empty file", request("POST", media, multipart([2]string{plainFile, ""}), asParts)),
	whole("upload/codecs", "a voice note of the On-Premises way", request("POST", "/v1/media", "OggS"+fileBytes(3000), "Content-Type: audio/ogg; codecs=opus")).on(onPremises),
	whole("upload/session", "a file without a type, larger than what is read whole", request("POST", session, fileBytes(2*mebibyte), "file_offset: 0", "Authorization: OAuth EAAG")),
	whole("upload/session-curl", "a large file called a form, as curl does", request("POST", session, "%PDF-1.7\n"+fileBytes(2*mebibyte), asForm, "file_offset: 0")),
	whole("upload/session-escaped", "an upload session whose id is escaped", request("POST", "/v25.0/upload%3AMTphdHRhY2htZW50Ojk%3D%3Fsig=ARZ", fileBytes(3000), "Content-Type: image/png", "file_offset: 0")),
	whole("upload/session-brace", "a part of a file that happens to start with a brace", request("POST", session, "{\x00\xff\x01"+fileBytes(2*mebibyte), asBytes, "file_offset: 1048576")),
	whole("upload/session-links", "a document with links", request("POST", session, "%PDF-1.7\n"+fileBytes(1000)+"/URI (https://shop.example/?a=1&batch=42&method=card&to=1)", "Content-Type: application/pdf", "file_offset: 0")),
	whole("upload/session-chunked", "a file in chunks", chunked("POST", session, []string{"Content-Type: video/mp4", "file_offset: 0"}, slices.Repeat([]string{fileBytes(40_000)}, 20)...)),
	whole("upload/session-quoted", "a video with codecs", request("POST", session, "\x00\x00\x00\x18ftypmp42"+fileBytes(3000), `Content-Type: video/mp4; codecs="avc1.42E01E, mp4a.40.2"`, "file_offset: 0")),

	sending("wire/charset-quoted", "a charset in quotes", request("POST", messages, text(allowed), `Content-Type: application/json; charset="utf-8"`), "text to allowed"),
	sending("wire/charset-no-space", "a charset without a space", request("POST", messages, text(allowed), "Content-Type: application/json;charset=UTF-8"), "text to allowed"),
	sending("wire/semicolon", "a semicolon behind the type", request("POST", messages, text(allowed), "Content-Type: application/json;"), "text to allowed"),
	sending("wire/form-charset", "a form with a charset", request("POST", messages, textForm("4915112345678"), "Content-Type: application/x-www-form-urlencoded;charset=UTF-8"), "text to allowed"),
	sending("wire/cookies", "cookies of load balancers", msg(`"type":"text","text":{"body":"hi"}`, "Cookie: AWSALB=a+b/c=; JSESSIONID=1.node0; SERVERID=s1; lang=de; _ga=GA1.1.2.3"), "text to allowed"),
	sending("wire/link", "a text with a link that has the parameters of a message and of a batch", msg(`"type":"text","text":{"body":"https://shop.example/?a=1&to=2&type=text&batch=42&method=post"}`), "text to allowed"),
	whole("read/fields", "fields with limits", request("GET", "/v25.0/"+waba+"?fields=phone_numbers.limit(5){id,quality_rating},message_templates.limit(1).summary(total_count)", "")),
	whole("read/payment-method", "a field that is called a method", request("GET", "/v25.0/"+waba+"?fields=id,payment_method,funding_method{id}", "")),
	whole("template-admin/create-words", "a new template about methods in the query", request("POST", "/v25.0/"+waba+"/message_templates?name=pay&language=de&category=UTILITY&components=%5B%7B%22type%22%3A%22BODY%22%2C%22text%22%3A%22Paid.+Method+(card)+%26+more%22%7D%5D", "")),
}
