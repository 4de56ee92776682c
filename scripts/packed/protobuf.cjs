// In the packed server, in place of src/temporal-server/proto/protobuf.ts.
exports.loadProtobuf = () => require('protobufjs/light');
