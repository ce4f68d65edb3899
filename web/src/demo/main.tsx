import { mount } from "../mount.tsx";
import { Demo } from "./Demo.tsx";
import "../capture/capture.css";
import "./demo.css";

mount(<Demo />);
